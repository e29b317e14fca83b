import { deepEqual, equal } from "node:assert/strict";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import { needsControl } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** Many at once. */
export const parallelConcern: Concern = {
  name: "parallel",
  cases: [
    {
      name: "many producers and consumers on many connections: each message is settled exactly once",
      run: (scene) => checkExactlyOnce(scene, { producers: 4, consumers: 4, each: 100 }),
    },
    {
      name: "the same while messages are released, delayed and handed over at random",
      async run(scene) {
        const [queue, done] = [await scene.queue(), await scene.queue()];
        let turn = 0;
        const work = { prefetch: 8, onDelivery: settleSomehow };
        const consumers = [await scene.consume(queue, work), await scene.consumeElsewhere(queue, work)];
        for (const { connection } of consumers) await connection.declare({ queues: [{ name: done }] });
        function settleSomehow(delivery: Parameters<typeof idOf>[0]): void {
          turn += 1;
          if (turn % 3 === 0 && !delivery.redelivered)
            scene.expectSoon(delivery.release({ delayMs: turn % 2 === 0 ? 0 : 20 }));
          else scene.expectSoon(delivery.ack([messageTo(done, `${idOf(delivery)}:done`)]));
        }
        const batches = ["a", "b", "c", "d"].map((prefix) => idsOf(prefix, 50));
        await Promise.all(batches.map((batch) => scene.publish(queue, ...batch)));
        const inbox = await scene.consume(done, { prefetch: 50, acks: true });
        await inbox.take(200);
        await scene.untilEmpty(queue);
        await scene.always(() => inbox.deliveries.length === 200, "none handed over twice");
        deepEqual(new Set(inbox.ids), new Set(batches.flat().map((id) => `${id}:done`)));
      },
    },
    {
      name: "a consumer that dies in the midst of a load loses nothing and doubles only what it held",
      needs: [needsControl("crash")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 200));
        const dying = await scene.consumeElsewhere(queue, { prefetch: 10 });
        const acked = await dying.take(5);
        await Promise.all(acked.map((delivery) => delivery.ack()));
        await dying.take(10);
        await scene.crash(dying.connection);
        const held = new Set(dying.ids.slice(5));
        const rest = await scene.consume(queue, { prefetch: 20, acks: true });
        await rest.take(195, scene.recoveryMs);
        await scene.untilEmpty(queue);
        equal(new Set(rest.ids).size, 195);
        equal(rest.deliveries.filter((each) => each.redelivered && !held.has(idOf(each))).length, 0);
      },
    },
    {
      name: "connections opened and closed all the time leave the others in peace",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 10, acks: true });
        for (const id of idsOf("m", 10)) {
          const passing = await scene.open();
          await passing.declare({ queues: [{ name: queue }] });
          await passing.publish([messageTo(queue, id)]);
          await passing.close();
        }
        await inbox.take(10);
        deepEqual(new Set(inbox.ids), new Set(idsOf("m", 10)));
      },
    },
  ],
};

/** How much load. */
export interface Load {
  readonly producers: number;
  readonly consumers: number;
  /** Messages of each producer. */
  readonly each: number;
}

/** Producers and consumers with a connection each: every message is delivered once, and settled once. */
export async function checkExactlyOnce(scene: Scene, { producers, consumers, each }: Load): Promise<void> {
  const queue = await scene.queue();
  const settled = new Map<string, number>();
  const onDelivery = (delivery: Parameters<typeof idOf>[0]): void => {
    const count = (): void => void settled.set(idOf(delivery), (settled.get(idOf(delivery)) ?? 0) + 1);
    scene.expectSoon(delivery.ack().then(count));
  };
  for (let index = 0; index < consumers; index += 1) {
    await scene.consumeElsewhere(queue, { prefetch: 1 + index * 5, onDelivery });
  }
  const expected = Array.from({ length: producers }, (_, producer) => idsOf(`p${producer}`, each));
  await Promise.all(
    expected.map(async (ids) => {
      const connection = await scene.open();
      await connection.declare({ queues: [{ name: queue }] });
      const singles = ids.slice(0, each / 2).map((id) => connection.publish([messageTo(queue, id)]));
      await Promise.all([...singles, connection.publish(ids.slice(each / 2).map((id) => messageTo(queue, id)))]);
    }),
  );
  await scene.until(() => settled.size === producers * each, "all to be settled", 30_000);
  await scene.untilEmpty(queue);
  deepEqual(new Set(settled.keys()), new Set(expected.flat()));
  deepEqual(
    [...settled.values()].filter((times) => times !== 1),
    [],
  );
}
