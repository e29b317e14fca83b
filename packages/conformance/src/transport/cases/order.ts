import { deepEqual } from "node:assert/strict";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import { needsKeyLines, needsKeyOrder, needsQueueOrder } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** First in, first out for one consumer of a queue at one priority. */
export const orderConcern: Concern = {
  name: "order",
  cases: [
    ...[1, 10, 100].map((prefetch) => ({
      name: `messages come in the order of their batches, with a prefetch of ${prefetch}`,
      needs: [needsQueueOrder],
      async run(scene: Scene): Promise<void> {
        const queue = await scene.queue();
        for (const batch of ["a", "b", "c"]) await scene.publish(queue, ...idsOf(batch, 20));
        const inbox = await scene.consume(queue, { prefetch, acks: true });
        await inbox.take(60);
        deepEqual(inbox.ids, [...idsOf("a", 20), ...idsOf("b", 20), ...idsOf("c", 20)]);
      },
    })),
    {
      name: "publishes called one after the other without waiting keep their order",
      needs: [needsQueueOrder],
      async run(scene) {
        const queue = await scene.queue();
        await Promise.all(idsOf("m", 100).map((id) => scene.publish(queue, id)));
        const inbox = await scene.consume(queue, { prefetch: 7, acks: true });
        await inbox.take(100);
        deepEqual(inbox.ids, idsOf("m", 100));
      },
    },
    {
      name: "messages of one key keep their order",
      needs: [needsKeyOrder],
      async run(scene) {
        const queue = await scene.queue();
        const keys = ["x", "y", "z"];
        const batch = idsOf("m", 60).map((id, index) => messageTo(queue, { id, key: keys[index % 3] ?? "x" }));
        await scene.connection.publish(batch);
        const inbox = await scene.consume(queue, { prefetch: 5, acks: true });
        await inbox.take(60);
        for (const key of keys) {
          const came = inbox.deliveries
            .filter(({ message }) => message.properties.key === key)
            .map((each) => idOf(each));
          deepEqual(
            came,
            batch.filter(({ properties }) => properties.key === key).map(({ properties }) => properties.messageId),
          );
        }
      },
    },
    {
      name: "messages of one key come one after the other, and what is released comes before those behind it",
      needs: [needsKeyLines],
      async run(scene) {
        const queue = await scene.queue();
        const ids = idsOf("m", 4);
        await scene.connection.publish(ids.map((id) => messageTo(queue, { id, key: "x" })));
        const inbox = await scene.consume(queue, { prefetch: 10 });
        const first = await inbox.next();
        await scene.always(() => inbox.deliveries.length === 1, "the next of a key waits");
        await first.ack();
        const second = await inbox.next();
        await scene.always(() => inbox.deliveries.length === 2, "the next of a key waits");
        await second.release();
        for (let rest = 0; rest < 3; rest += 1) await (await inbox.next()).ack();
        await scene.untilEmpty(queue);
        deepEqual(inbox.ids, [ids[0], ids[1], ...ids.slice(1)]);
      },
    },
    {
      name: "a consumer that waits is given messages in order",
      needs: [needsQueueOrder],
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 100 });
        for (const id of idsOf("m", 30)) await scene.publish(queue, id);
        await inbox.take(30);
        deepEqual(inbox.ids, idsOf("m", 30));
      },
    },
  ],
};
