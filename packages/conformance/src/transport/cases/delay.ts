import { deepEqual, equal, ok } from "node:assert/strict";
import type { NotBefore } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { messageTo } from "../message-spec.ts";
import { needsDelayBound } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const latestMs = 1_100;
const dayMs = 86_400_000;
const tenYearsMs = 3_652 * dayMs;

/** Delay is the broker's work: never early, at most 1.1 s late. */
export const delayConcern: Concern = {
  name: "delay",
  cases: [
    ...[1, 20, 150, 700, 2_500].map((inMs) => ({
      name: `a message delayed by ${inMs} ms is not early, and at most 1.1 s late`,
      run: (scene: Scene): Promise<void> => checkDelay(scene, () => ({ inMs }), inMs),
    })),
    {
      name: "a message for an instant is not early, and at most 1.1 s late",
      run: (scene) => checkDelay(scene, () => ({ atMs: scene.clock.now() + 400 }), 399),
    },
    {
      name: "a message for an instant that has passed is delivered at once",
      run: (scene) => checkDelay(scene, () => ({ atMs: scene.clock.now() - dayMs }), 0),
    },
    {
      name: "a message with no delay at all in its delay is delivered at once",
      run: (scene) => checkDelay(scene, () => ({ inMs: 0 }), 0),
    },
    {
      name: "a delayed message sits in no consumer's prefetch, and others pass it",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue);
        await scene.publish(queue, { id: "later", notBefore: { inMs: 60_000 } }, "now");
        await (await inbox.next()).ack();
        deepEqual(inbox.ids, ["now"]);
        const { ready, delayed = 1, unsettled = 0 } = await scene.stats(queue);
        deepEqual([ready, delayed, unsettled, inbox.consumer.unsettled], [0, 1, 0, 0]);
      },
    },
    {
      name: "delayed messages come in the order they are due",
      async run(scene) {
        const queue = await scene.queue();
        const inMs = { c: 900, a: 100, b: 500 };
        const batch = Object.entries(inMs).map(([id, ms]) => messageTo(queue, { id, notBefore: { inMs: ms } }));
        await scene.connection.publish(batch);
        const inbox = await scene.consume(queue, { acks: true });
        await inbox.take(3);
        deepEqual(inbox.ids, ["a", "b", "c"]);
      },
    },
    {
      name: "a delayed message outlives the connection that published it",
      async run(scene) {
        const publisher = await scene.open();
        const queue = await scene.queue({}, publisher);
        await publisher.publish([messageTo(queue, { id: "a", notBefore: { inMs: 300 } })]);
        await publisher.close();
        await (await scene.consume(queue)).next();
      },
    },
    {
      name: "a message that became due while nobody consumed is ready for who comes",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a", notBefore: { inMs: 50 } });
        await scene.pass(100);
        await (await scene.consume(queue)).next(latestMs + scene.slackMs);
      },
    },
    {
      name: "a hundred messages due at once all come in time",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 100 });
        const startedAtMs = scene.clock.monotonic();
        const batch = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, notBefore: { inMs: 400 } }));
        await scene.publish(queue, ...batch);
        const acceptedAtMs = scene.clock.monotonic();
        await inbox.take(100);
        ok(Math.min(...inbox.atMs) - startedAtMs >= 400 - scene.toleranceMs, "one came early");
        ok(Math.max(...inbox.atMs) - acceptedAtMs <= 400 + latestMs + scene.slackMs, "one came late");
      },
    },
    {
      name: "the furthest delay, or ten years, is accepted and waits",
      async run(scene) {
        const queue = await scene.queue();
        const inMs = Math.min(tenYearsMs, scene.capabilities.delayHorizonMs);
        const inbox = await scene.consume(queue, { prefetch: 5 });
        await scene.publish(queue, { id: "far", notBefore: { inMs } });
        await scene.publish(queue, {
          id: "month",
          notBefore: { atMs: scene.clock.now() + Math.min(inMs, 30 * dayMs) },
        });
        await scene.always(() => inbox.deliveries.length === 0, "nothing comes");
        const { ready, delayed = 2 } = await scene.stats(queue);
        deepEqual([ready, delayed], [0, 2]);
        const { messages } = await scene.connection.admin.browse(queue, { state: "delayed" });
        const far = messages.find(({ message }) => message.properties.messageId === "far");
        // A broker that shows the head of a queue alone need not know.
        const unknownAtMs = scene.capabilities.browse === "head" ? scene.clock.now() + inMs : Number.NaN;
        const dueInMs = (far?.dueAtMs ?? unknownAtMs) - scene.clock.now();
        ok(Math.abs(dueInMs - inMs) < 60_000, `it is due in ${dueInMs} ms instead of ${inMs}`);
      },
    },
    {
      name: "a delay of more milliseconds than can be counted is accepted where there is no furthest, and holds up nothing else",
      async run(scene) {
        const queue = await scene.queue();
        const ms = Math.min(2 ** 53, scene.capabilities.delayHorizonMs);
        await scene.publish(queue, { id: "in", notBefore: { inMs: ms } });
        await scene.publish(queue, { id: "at", notBefore: { atMs: scene.clock.now() + Math.min(2 ** 54, ms) } });
        await scene.publish(queue, "now");
        const { message } = await (await scene.consume(queue)).next();
        equal(message.properties.messageId, "now");
      },
    },
    {
      name: "a delay beyond the furthest is refused before any I/O",
      needs: [needsDelayBound],
      async run(scene) {
        await expectRefused(scene, { inMs: scene.capabilities.delayHorizonMs + 1 });
      },
    },
    ...[Number.NaN, Infinity, -Infinity].map((inMs) => ({
      name: `a delay of ${inMs} ms is refused before any I/O`,
      run: (scene: Scene): Promise<void> => expectRefused(scene, { inMs }),
    })),
    {
      name: "an instant that is no number is refused before any I/O",
      run: (scene) => expectRefused(scene, { atMs: Number.NaN }),
    },
  ],
};

/** @param delay is asked after the time was taken: an instant chosen earlier would come early by all that lies between. */
async function checkDelay(scene: Scene, delay: () => NotBefore, delayMs: number): Promise<void> {
  const queue = await scene.queue();
  const inbox = await scene.consume(queue);
  const startedAtMs = scene.clock.monotonic();
  await scene.publish(queue, { id: "a", notBefore: delay() });
  const acceptedAtMs = scene.clock.monotonic();
  const delivery = await inbox.next(delayMs + latestMs + 2 * scene.slackMs);
  const atMs = inbox.atMs[0] ?? 0;
  ok(atMs - startedAtMs >= delayMs - scene.toleranceMs, `it came after ${atMs - startedAtMs} ms of ${delayMs}`);
  ok(
    atMs - acceptedAtMs <= delayMs + latestMs + scene.slackMs,
    `it came after ${atMs - acceptedAtMs} ms of ${delayMs}`,
  );
  deepEqual([delivery.count, delivery.redelivered], [1, false]);
}

async function expectRefused(scene: Scene, notBefore: NotBefore): Promise<void> {
  const queue = await scene.queue();
  await expectCode(scene.publish(queue, { id: "a", notBefore }), "OPTION_INVALID");
  const { ready, delayed = 0 } = await scene.stats(queue);
  equal(ready + delayed, 0);
}
