import { deepEqual, equal } from "node:assert/strict";
import type { Delivery } from "@lovage/transport";
import { idOf, idsOf } from "../message-spec.ts";
import { needs, needsControl, type Requirement } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const needed: readonly Requirement[] = [needsControl("crash"), needs("countsLosses")];

/** A message that kills its consumers is delivered alone, then not at all. */
export const poisonConcern: Concern = {
  name: "poison",
  cases: [
    {
      name: "a message lost three times is dead-lettered as poison and delivered no more",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "poison");
        await loseTimes(scene, queue, 3);
        const inbox = await scene.consume(queue);
        await scene.until(async () => (await scene.stats(queue)).dead === 1, "the dead letter", scene.recoveryMs);
        equal(inbox.deliveries.length, 0);
        const { messages } = await scene.connection.admin.browse(`${queue}.dead`);
        deepEqual([messages[0]?.death?.reason, messages[0]?.death?.queue], ["poison", queue]);
      },
    },
    {
      name: "a consumer may allow fewer or more losses",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "poison");
        await loseTimes(scene, queue, 1, 2);
        equal((await (await scene.consumeElsewhere(queue, { maxDeliveries: 2 })).next(scene.recoveryMs)).count, 2);
      },
    },
    {
      name: "who asks for it gets what is exhausted, and settles it",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "poison");
        await loseTimes(scene, queue, 2, 2);
        const exhausted: Delivery[] = [];
        const inbox = await scene.consume(queue, {
          maxDeliveries: 2,
          onExhausted: (each) => void exhausted.push(each),
        });
        await scene.until(() => exhausted.length === 1, "the exhausted message", scene.recoveryMs);
        deepEqual([exhausted[0] && idOf(exhausted[0]), exhausted[0]?.count, inbox.deliveries.length], ["poison", 3, 0]);
        await exhausted[0]?.ack();
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a suspect is delivered with nothing else unsettled on its connection",
      needs: needed,
      async run(scene) {
        const [queue, beside] = [await scene.queue(), await scene.queue()];
        const connection = await suspectOn(scene, queue, beside);
        await scene.publish(queue, ...idsOf("m", 5));
        await scene.publish(beside, ...idsOf("n", 5));
        const held = new Set<Delivery>();
        const company: number[] = [];
        const onDelivery = (delivery: Delivery): void => {
          held.add(delivery);
          if (idOf(delivery) === "suspect") company.push(held.size);
        };
        await scene.consume(queue, { connection, prefetch: 4, onDelivery });
        await scene.consume(beside, { connection, prefetch: 4, onDelivery });
        await settleUntil(scene, held, () => company.length === 1);
        deepEqual(company, [1]);
        await scene.always(() => held.size === 1, "nothing beside the suspect while it is unsettled");
        await Promise.all([...held].map((suspect) => suspect.ack()));
        await settleUntil(scene, held, async () => (await isEmpty(scene, queue)) && (await isEmpty(scene, beside)));
      },
    },
    {
      name: "bystanders of a poison message are not charged for it",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "poison", "bystander");
        for (let crashes = 0; crashes < 2; crashes += 1) {
          const dying = await scene.consumeElsewhere(queue, { prefetch: 2 });
          await dying.take(2, scene.recoveryMs);
          await scene.crash(dying.connection);
        }
        // Both were lost twice together, so both are suspects: each must be shown alone, and only the poison dies.
        const suspects = await scene.consumeElsewhere(queue, { prefetch: 2 });
        for (;;) {
          const delivery = await suspects.next(scene.recoveryMs);
          if (idOf(delivery) === "poison") break;
          await delivery.ack();
        }
        await scene.crash(suspects.connection);
        await scene.consume(queue, { prefetch: 2, acks: true });
        await scene.until(async () => (await scene.stats(queue)).dead === 1, "the poison to be dead", scene.recoveryMs);
        const { messages } = await scene.connection.admin.browse(`${queue}.dead`);
        equal(messages[0]?.message.properties.messageId, "poison");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a suspect and ordinary work do not starve each other",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        const connection = await suspectOn(scene, queue);
        await scene.publish(queue, ...idsOf("m", 100));
        const inbox = await scene.consume(queue, { connection, prefetch: 5, acks: true });
        await inbox.take(101, scene.recoveryMs);
        deepEqual(new Set(inbox.ids), new Set(["suspect", ...idsOf("m", 100)]));
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a suspect may be released and acknowledged like any other",
      needs: needed,
      async run(scene) {
        const queue = await scene.queue();
        const connection = await suspectOn(scene, queue);
        const inbox = await scene.consume(queue, { connection, prefetch: 3 });
        const delivery = await inbox.next(scene.recoveryMs);
        equal(delivery.count, 3);
        await delivery.release();
        const again = await inbox.next();
        equal(again.count, 3);
        await again.ack();
        await scene.untilEmpty(queue);
        equal((await scene.stats(queue)).dead ?? 0, 0);
      },
    },
  ],
};

/** Consumes the queue's one message and dies, so often. */
async function loseTimes(scene: Scene, queue: string, times: number, maxDeliveries = 3): Promise<void> {
  for (let count = 1; count <= times; count += 1) {
    const dying = await scene.consumeElsewhere(queue, { maxDeliveries });
    const delivery = await dying.next(scene.recoveryMs);
    equal(delivery.count, count);
    await scene.crash(dying.connection);
  }
}

/** A connection with these queues, the first of which holds a message that was lost twice. */
async function suspectOn(scene: Scene, queue: string, ...beside: readonly string[]): Promise<Scene["connection"]> {
  await scene.publish(queue, "suspect");
  await loseTimes(scene, queue, 2);
  const recovered = async (): Promise<boolean> => (await scene.stats(queue)).ready === 1;
  const connection = await scene.open();
  await connection.declare({ queues: [queue, ...beside].map((name) => ({ name })) });
  // Taking back what the dead held is the work of those who consume, paused or not.
  const paused = await scene.consumeElsewhere(queue);
  paused.consumer.setPrefetch(0);
  await scene.until(recovered, "the suspect to be ready", scene.recoveryMs);
  return connection;
}

/** Acknowledges what is held, but for the suspect, until the condition holds. */
async function settleUntil(
  scene: Scene,
  held: Set<Delivery>,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  await scene.until(
    async () => {
      if (await condition()) return true;
      const settled = [...held].filter((delivery) => idOf(delivery) !== "suspect");
      for (const delivery of settled) held.delete(delivery);
      await Promise.all(settled.map((delivery) => delivery.ack()));
      return await condition();
    },
    "a queue with a suspect to move on",
    scene.recoveryMs,
  );
}

async function isEmpty(scene: Scene, queue: string): Promise<boolean> {
  const { ready, unsettled = 0 } = await scene.stats(queue);
  return ready + unsettled === 0;
}
