import { deepEqual, equal, ok } from "node:assert/strict";
import { idOf, idsOf } from "../message-spec.ts";
import { needs, needsControl } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** What a dead consumer held comes back. */
export const redeliveryConcern: Concern = {
  name: "redelivery",
  cases: [
    {
      name: "what a dead consumer held is delivered again in time, marked, with a larger fence",
      needs: [needsControl("crash")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a", headers: { x: 1 } });
        const dying = await scene.consumeElsewhere(queue);
        const first = await dying.next();
        await scene.crash(dying.connection);
        const second = await (await scene.consume(queue)).next(scene.recoveryMs);
        equal(idOf(second), "a");
        equal(second.redelivered, true);
        deepEqual({ ...second.message.headers }, { x: 1 });
        ok(second.fence > first.fence, `fence ${second.fence} after ${first.fence}`);
        ok(second.token !== first.token, "two deliveries of one message have one token");
      },
    },
    {
      name: "a consumer that waits already is given what another lost",
      needs: [needsControl("crash")],
      async run(scene) {
        const queue = await scene.queue();
        const dying = await scene.consumeElsewhere(queue);
        await scene.publish(queue, "a");
        await dying.next();
        const waiting = await scene.consume(queue);
        await scene.crash(dying.connection);
        equal(idOf(await waiting.next(scene.recoveryMs)), "a");
      },
    },
    {
      name: "all that was held comes back, each once, and nothing else is marked",
      needs: [needsControl("crash")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 12));
        const dying = await scene.consumeElsewhere(queue, { prefetch: 8 });
        await dying.take(8);
        await scene.crash(dying.connection);
        const inbox = await scene.consume(queue, { prefetch: 20, acks: true });
        await inbox.take(12, scene.recoveryMs);
        await scene.always(() => inbox.deliveries.length === 12, "each once");
        const marked = inbox.deliveries.filter(({ redelivered }) => redelivered).map((each) => idOf(each));
        deepEqual(new Set(marked), new Set(dying.ids));
      },
    },
    {
      name: "every loss is counted, and only losses are",
      needs: [needsControl("crash"), needs("countsLosses")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        for (const count of [1, 2, 3]) {
          const dying = await scene.consumeElsewhere(queue, { maxDeliveries: 10 });
          const released = await dying.next(scene.recoveryMs);
          equal(released.count, count);
          await released.release();
          equal((await dying.next()).count, count);
          await scene.crash(dying.connection);
        }
        const last = await (await scene.consume(queue, { maxDeliveries: 10 })).next(scene.recoveryMs);
        equal(last.count, 4);
      },
    },
    {
      name: "a message that died with a loss behind it tells the count",
      needs: [needsControl("crash"), needs("countsLosses")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const dying = await scene.consumeElsewhere(queue);
        await dying.next();
        await scene.crash(dying.connection);
        await (await (await scene.consume(queue)).next(scene.recoveryMs)).reject({ reason: "failed" });
        const { messages } = await scene.connection.admin.browse(`${queue}.dead`);
        equal(messages[0]?.death?.count, 2);
      },
    },
    {
      name: "what was settled before the crash stays settled",
      needs: [needsControl("crash")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "acked", "rejected", "released", "held");
        const dying = await scene.consumeElsewhere(queue, { prefetch: 4 });
        const held = new Map((await dying.take(4)).map((delivery) => [idOf(delivery), delivery]));
        // While all its slots are taken: a claim under way at the crash could take what is released, which would be a loss.
        dying.consumer.setPrefetch(0);
        await held.get("acked")?.ack();
        await held.get("rejected")?.reject({ reason: "rejected" });
        await held.get("released")?.release();
        await scene.crash(dying.connection);
        const inbox = await scene.consume(queue, { prefetch: 4 });
        await inbox.take(2, scene.recoveryMs);
        deepEqual(new Set(inbox.ids), new Set(["released", "held"]));
        equal(inbox.deliveries.find((each) => idOf(each) === "released")?.count, 1);
        await scene.always(() => inbox.deliveries.length === 2, "nothing more");
      },
    },
  ],
};
