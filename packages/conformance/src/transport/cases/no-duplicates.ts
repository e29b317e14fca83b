import { equal } from "node:assert/strict";
import { idsOf } from "../message-spec.ts";
import type { Concern } from "../transport-case.ts";

const leases = 4;

/** What a live consumer holds is given to nobody else, however long it runs. */
export const noDuplicatesConcern: Concern = {
  name: "no duplicates while alive",
  cases: [
    {
      name: "a handler that runs for many leases keeps its message, and can settle it",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const working = await scene.consume(queue, { prefetch: 3 });
        const delivery = await working.next();
        const others = [await scene.consumeElsewhere(queue, { prefetch: 3 }), await scene.consume(queue)];
        const nothing = (): boolean => others.every((inbox) => inbox.deliveries.length === 0);
        await scene.always(nothing, "nobody else gets it", leases * scene.harness.leaseMs);
        equal(delivery.signal.aborted, false);
        equal(working.deliveries.length, 1);
        await delivery.ack();
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a full prefetch is kept for as long, in several queues at once",
      async run(scene) {
        const queues = [await scene.queue(), await scene.queue()];
        for (const queue of queues) await scene.publish(queue, ...idsOf("m", 30));
        const inboxes = await Promise.all(queues.map((queue) => scene.consume(queue, { prefetch: 30 })));
        const held = (await Promise.all(inboxes.map((inbox) => inbox.take(30)))).flat();
        const others = await Promise.all(queues.map((queue) => scene.consumeElsewhere(queue, { prefetch: 30 })));
        const nothing = (): boolean => others.every((inbox) => inbox.deliveries.length === 0);
        await scene.always(nothing, "nobody else gets any", leases * scene.harness.leaseMs);
        await Promise.all(held.map((delivery) => delivery.ack()));
        for (const queue of queues) await scene.untilEmpty(queue);
      },
    },
    {
      name: "a closing consumer keeps what it holds until its grace has passed",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const closing = await scene.consume(queue);
        const delivery = await closing.next();
        const other = await scene.consumeElsewhere(queue);
        const closed = closing.consumer.close({ graceMs: 20 * scene.harness.leaseMs });
        await scene.always(() => other.deliveries.length === 0, "nobody else gets it", leases * scene.harness.leaseMs);
        await delivery.ack();
        await scene.within(closed, 1_000 + scene.slackMs, "the consumer to close once all is settled");
        equal(other.deliveries.length, 0);
      },
    },
  ],
};
