import { expect, test } from "vitest";
import { every } from "./schedule/every.ts";
import { changed } from "../worker/test-support/worker-harness.ts";
import { decodeTask } from "../protocol/decode-task.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

test.each(["the schedule", "the task"])(
  "jitter does not count against the time after which ticks expire, that of %s",
  async (whose) => {
    await using harness = await beatHarness();
    const app = harness.join();
    let runs = 0;
    const own = { expires: "5s" } as const;
    const task = app.task("task", whose === "the task" ? own : {}, () => void (runs += 1));
    const options = whose === "the task" ? {} : own;
    app.schedule("spread", { task, schedule: every("1m"), jitter: "30s", options });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(30 * 60_000 + 40_000);
    expect(runs).toBe(30);
  },
);

test.each([
  ["the schedule", -10, "0s"],
  ["the schedule", 10, "0s"],
  ["the schedule", -10, "30s"],
  ["the task", -10, "0s"],
  ["the task", 10, "0s"],
  ["the task", -10, "30s"],
] as const)(
  "the expiry that %s sets goes by the store's clock, the beat's being %i min off",
  async (whose, offMin, jitter) => {
    await using harness = await beatHarness();
    const { clock } = harness;
    const app = harness.join({
      wrapBackend: (backend) => changed(backend, { serverTimeMs: () => Promise.resolve(clock.now()) }),
      clock: changed(clock, { now: () => clock.now() + offMin * 60_000 }),
    });
    const own = { expires: "5m" } as const;
    const task = app.task("task", whose === "the task" ? own : {}, () => {});
    app.schedule("one", { task, schedule: every("1h"), jitter, options: whose === "the task" ? {} : own });
    await app.beat().start();
    await clock.advance(3_600_000 + 50_000);
    await app.schedules.run("one");
    const expiries: number[] = [];
    const consumer = await harness.broker.consume({
      queue: "default",
      prefetch: 2,
      onDelivery: ({ message }) => void expiries.push(decodeTask(message).expiresAtMs ?? 0),
    });
    await clock.advance(1_000);
    const dueMs = clock.now() - 50_000;
    expect(expiries).toHaveLength(2);
    for (const atMs of expiries) expect(Math.abs(atMs - 300_000 - dueMs)).toBeLessThan(60_000);
    await consumer.close();
  },
);
