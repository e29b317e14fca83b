import { equal, ok } from "node:assert/strict";
import type { Delivery } from "@lovage/transport";
import { expectCode, expectThrownCode } from "../expect-code.ts";
import { idsOf } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** The hard cap on what a consumer holds. */
export const prefetchConcern: Concern = {
  name: "prefetch",
  cases: [
    {
      name: "a consumer never holds more than its prefetch",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 20));
        const inbox = await scene.consume(queue, { prefetch: 3 });
        await inbox.take(3);
        await scene.always(() => inbox.deliveries.length === 3, "three held, none more");
        equal(inbox.consumer.unsettled, 3);
        equal(inbox.consumer.prefetch, 3);
        equal(inbox.consumer.queue, queue);
      },
    },
    {
      name: "the cap holds for messages that arrive while it waits",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 2 });
        for (const id of idsOf("m", 6)) await scene.publish(queue, id);
        await Promise.all(idsOf("n", 6).map((id) => scene.publish(queue, id)));
        await inbox.take(2);
        await scene.always(() => inbox.deliveries.length === 2, "two held, none more");
      },
    },
    {
      name: "every kind of settlement makes room for one more",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 10));
        const inbox = await scene.consume(queue, { prefetch: 1 });
        await (await inbox.next()).ack();
        await (await inbox.next()).reject({ reason: "rejected" });
        await (await inbox.next()).release({ delayMs: 60_000 });
        await inbox.next();
        await scene.always(() => inbox.deliveries.length === 4, "one held at a time");
        equal(inbox.consumer.unsettled, 1);
      },
    },
    {
      name: "the cap can be raised while consuming",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 10));
        const inbox = await scene.consume(queue, { prefetch: 1 });
        await inbox.next();
        inbox.consumer.setPrefetch(4);
        equal(inbox.consumer.prefetch, 4);
        await inbox.take(3);
        await scene.always(() => inbox.deliveries.length === 4, "four held, none more");
      },
    },
    {
      name: "the cap can be lowered while consuming: what is held stays, and nothing comes until there is room",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 10));
        const inbox = await scene.consume(queue, { prefetch: 4 });
        const held = await inbox.take(4);
        inbox.consumer.setPrefetch(2);
        for (const delivery of held.slice(0, 2)) await delivery.ack();
        await scene.always(() => inbox.deliveries.length === 4, "nothing new above the lowered cap");
        equal(inbox.consumer.unsettled, 2);
        await held[2]?.ack();
        await inbox.next();
        await scene.always(() => inbox.consumer.unsettled <= 2, "two held, none more");
      },
    },
    {
      name: "a prefetch of 0 pauses, and a larger one resumes",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 5 });
        inbox.consumer.setPrefetch(0);
        await scene.publish(queue, ...idsOf("m", 3));
        await scene.always(() => inbox.deliveries.length === 0, "nothing while paused");
        inbox.consumer.setPrefetch(2);
        await inbox.take(2);
        await scene.always(() => inbox.deliveries.length === 2, "two held, none more");
      },
    },
    {
      name: "consumers of one queue each have a cap of their own, and all are served",
      async run(scene) {
        const queue = await scene.queue();
        const consumers = [
          await scene.consume(queue, { prefetch: 1 }),
          await scene.consume(queue, { prefetch: 2 }),
          await scene.consumeElsewhere(queue, { prefetch: 3 }),
        ];
        await scene.publish(queue, ...idsOf("m", 20));
        await Promise.all(consumers.map((inbox, index) => inbox.take(index + 1)));
        const exact = (): boolean => consumers.every((inbox, index) => inbox.deliveries.length === index + 1);
        await scene.always(exact, "each consumer at its cap");
      },
    },
    {
      name: "the cap holds while messages are settled in every way and it is moved up and down",
      async run(scene) {
        const queue = await scene.queue();
        let mostOver = 0;
        const held: Delivery[] = [];
        const inbox = await scene.consume(queue, {
          prefetch: 5,
          onDelivery: (delivery, { consumer }) => {
            held.push(delivery);
            mostOver = Math.max(mostOver, consumer.unsettled - consumer.prefetch);
          },
        });
        await scene.publish(queue, ...idsOf("m", 150));
        let gone = 0;
        for (let round = 0; gone < 150; round += 1) {
          await scene.until(() => held.length > 0, `more of the queue than ${gone} of 150`);
          inbox.consumer.setPrefetch(1 + (round % 7));
          const settled = held.splice(0, 1 + (round % 3));
          const releases = settled.map((delivery, index) => (round + index) % 5 === 0 && !delivery.redelivered);
          gone += releases.filter((isReleased) => !isReleased).length;
          await Promise.all(settled.map((each, index) => (releases[index] === true ? each.release() : each.ack())));
        }
        equal(mostOver, 0, "a delivery came above the cap");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "deliveries come one after the other, never one inside another",
      async run(scene) {
        const queue = await scene.queue();
        let [depth, deepest] = [0, 0];
        const inbox = await scene.consume(queue, {
          prefetch: 10,
          onDelivery: (delivery) => {
            depth += 1;
            deepest = Math.max(deepest, depth);
            scene.expectSoon(delivery.ack());
            scene.expectSoon(delivery.ack([]).catch(() => {}));
            depth -= 1;
          },
        });
        await scene.publish(queue, ...idsOf("m", 50));
        await inbox.take(50);
        equal(deepest, 1);
      },
    },
    ...[0, -1, 1.5, Number.NaN].map((prefetch) => ({
      name: `a consumer with a prefetch of ${prefetch} is refused`,
      async run(scene: Scene): Promise<void> {
        const queue = await scene.queue();
        const options = { queue, prefetch, onDelivery: (): void => {} };
        await expectCode(scene.connection.consume(options), "OPTION_INVALID");
      },
    })),
    ...[-1, 1.5, Number.NaN].map((prefetch) => ({
      name: `changing the prefetch to ${prefetch} is refused and changes nothing`,
      async run(scene: Scene): Promise<void> {
        const inbox = await scene.consume(await scene.queue(), { prefetch: 2 });
        expectThrownCode(() => inbox.consumer.setPrefetch(prefetch), "OPTION_INVALID");
        ok(inbox.consumer.prefetch === 2, "the cap changed");
      },
    })),
  ],
};
