import { equal, notEqual, ok } from "node:assert/strict";
import type { Delivery } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idsOf } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const settlements: Readonly<Record<string, (delivery: Delivery) => Promise<void>>> = {
  ack: (delivery) => delivery.ack(),
  release: (delivery) => delivery.release(),
  reject: (delivery) => delivery.reject({ reason: "rejected" }),
};

/** Deliveries, and the settlement that removes. */
export const ackConcern: Concern = {
  name: "ack",
  cases: [
    {
      name: "a first delivery says that it is one",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        equal(delivery.queue, queue);
        equal(delivery.count, 1);
        equal(delivery.redelivered, false);
        equal(delivery.signal.aborted, false);
        ok(Number.isSafeInteger(delivery.fence), `the fence ${delivery.fence} is no safe integer`);
        ok(typeof delivery.token === "string" && delivery.token.length > 0, "the token is empty");
      },
    },
    {
      name: "no two deliveries have the same token",
      async run(scene) {
        const [one, two] = [await scene.queue(), await scene.queue()];
        await scene.publish(one, ...idsOf("m", 20));
        await scene.publish(two, ...idsOf("m", 20));
        const first = await (await scene.consume(one, { prefetch: 20 })).take(20);
        const second = await (await scene.consume(two, { prefetch: 20 })).take(20);
        equal(new Set([...first, ...second].map(({ token }) => token)).size, 40);
      },
    },
    {
      name: "an acknowledged message is gone as soon as ack resolves",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a", "b");
        const inbox = await scene.consume(queue, { prefetch: 2 });
        const [a] = await inbox.take(2);
        await a?.ack();
        const { ready, unsettled = 1 } = await scene.stats(queue);
        equal(ready + unsettled, 1);
        equal(inbox.consumer.unsettled, 1);
      },
    },
    {
      name: "an acknowledged message does not come back, however many leases pass",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a", "b");
        const inbox = await scene.consume(queue, { prefetch: 2, acks: true });
        const other = await scene.consumeElsewhere(queue, { prefetch: 2, acks: true });
        const came = (): number => inbox.deliveries.length + other.deliveries.length;
        await scene.until(() => came() === 2, "both messages");
        await scene.always(() => came() === 2, "each delivered once", 2 * scene.harness.leaseMs);
      },
    },
    {
      name: "an unsettled message shows among the unsettled, not among the ready",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a", "b", "c");
        await (await scene.consume(queue)).next();
        const { ready, unsettled = 1 } = await scene.stats(queue);
        equal(unsettled, 1);
        equal(ready, 2);
      },
    },
    {
      name: "deliveries may be settled in any order and in parallel",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 60));
        const held = await (await scene.consume(queue, { prefetch: 60 })).take(60);
        await Promise.all(held.toReversed().map((delivery) => delivery.ack()));
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "acknowledgements in every order leave the others held",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 4));
        const inbox = await scene.consume(queue, { prefetch: 4 });
        const held = await inbox.take(4);
        await held[2]?.ack();
        equal(inbox.consumer.unsettled, 3);
        await held[0]?.ack();
        await Promise.all([held[1]?.ack(), held[3]?.ack()]);
        equal(inbox.consumer.unsettled, 0);
        await scene.untilEmpty(queue);
      },
    },
    ...Object.entries(settlements).flatMap(([first, settleFirst]) =>
      Object.entries(settlements).map(([second, settleSecond]) => ({
        name: `${second} after ${first} is refused and changes nothing`,
        async run(scene: Scene): Promise<void> {
          const queue = await scene.queue();
          await scene.publish(queue, "a");
          const inbox = await scene.consume(queue);
          const delivery = await inbox.next();
          const [, error] = await Promise.all([
            settleFirst(delivery),
            expectCode(settleSecond(delivery), "DELIVERY_SETTLED"),
          ]);
          notEqual(error.message, "");
          await expectCode(settleSecond(delivery), "DELIVERY_SETTLED");
          if (first === "release") await (await inbox.next()).ack();
          await scene.untilEmpty(queue);
          equal((await scene.stats(queue)).dead ?? 0, first === "reject" ? 1 : 0);
        },
      })),
    ),
  ],
};
