import { deepEqual } from "node:assert/strict";
import { expectCode } from "../expect-code.ts";
import { messageTo } from "../message-spec.ts";
import { needs } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** 0 to 9, 9 the most urgent, 0 the default. */
export const priorityConcern: Concern = {
  name: "priority",
  cases: [
    {
      name: "the more urgent comes first, at each of the ten levels",
      needs: [needs("priorities")],
      async run(scene) {
        const queue = await scene.queue();
        const mixed = [3, 0, 9, 6, 1, 8, 2, 7, 5, 4];
        await scene.publish(queue, ...mixed.map((priority) => ({ id: `p${priority}`, priority })));
        deepEqual(await drain(scene, queue, 10), ["p9", "p8", "p7", "p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
      },
    },
    {
      name: "no priority is priority 0",
      needs: [needs("priorities")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "none-1", { id: "zero", priority: 0 }, "none-2", { id: "one", priority: 1 });
        deepEqual(await drain(scene, queue, 4), ["one", "none-1", "zero", "none-2"]);
      },
    },
    {
      name: "messages of one priority keep their order",
      needs: [needs("priorities")],
      async run(scene) {
        const queue = await scene.queue();
        const batch = Array.from({ length: 40 }, (_, index) => ({ id: `${index}`, priority: index % 2 === 0 ? 8 : 2 }));
        await scene.publish(queue, ...batch);
        const urgent = batch.filter(({ priority }) => priority === 8);
        const patient = batch.filter(({ priority }) => priority === 2);
        deepEqual(
          await drain(scene, queue, 40),
          [...urgent, ...patient].map(({ id }) => id),
        );
      },
    },
    {
      name: "an urgent message that comes later overtakes those that wait",
      needs: [needs("priorities")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a", "b", "c");
        const inbox = await scene.consume(queue);
        const first = await inbox.next();
        await scene.publish(queue, { id: "urgent", priority: 9 });
        await first.ack();
        await (await inbox.next()).ack();
        await inbox.next();
        deepEqual(inbox.ids, ["a", "urgent", "b"]);
      },
    },
    {
      name: "a message keeps its priority when it was delayed, and when it was released",
      needs: [needs("priorities")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, { id: "late", priority: 9, notBefore: { inMs: 200 } });
        const inbox = await scene.consume(queue);
        await (await inbox.next()).release({ delayMs: 200 });
        inbox.consumer.setPrefetch(0);
        await scene.publish(queue, "a", "b");
        await scene.until(async () => (await scene.stats(queue)).ready === 3, "all three to be ready");
        // What the cap sends back may change places with its like.
        deepEqual((await drain(scene, queue, 3))[0], "late");
      },
    },
    ...[10, -1, 1.5, Number.NaN, Infinity].map((priority) => ({
      name: `a priority of ${priority} is refused before any I/O`,
      async run(scene: Scene): Promise<void> {
        const queue = await scene.queue();
        await expectCode(scene.connection.publish([messageTo(queue, { id: "a", priority })]), "OPTION_INVALID");
        await scene.untilEmpty(queue);
      },
    })),
  ],
};

/** Consumes one by one, so that the order is the broker's. */
async function drain(scene: Scene, queue: string, count: number): Promise<string[]> {
  const inbox = await scene.consume(queue, { acks: true });
  await inbox.take(count);
  return inbox.ids;
}
