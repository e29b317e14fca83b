import type { ResultPut } from "@lovage/backend";
import { afterEach, expect, test } from "vitest";
import { workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const dayMs = 86_400_000;

const revoked = (taskId: string): ResultPut => ({
  taskId,
  state: "REVOKED",
  document: "{}",
  fence: null,
  expiresInMs: dayMs,
});

test.each([false, true])(
  "a cancelled call does not run, though the worker has heard of 50 000 others since (ignoreResult: %s)",
  async (ignoreResult) => {
    harness = await workerHarness();
    const { app, clock, backend, until, resultOf, waiting } = harness;
    let runs = 0;
    const task = app.task("task", { ignoreResult }, () => void (runs += 1));
    await app.worker().start();
    await task.applyAsync([], { taskId: "cancelled", countdown: "1m" });
    await task.applyAsync([], { taskId: "other", countdown: "1m" });
    expect(await app.result("cancelled").cancel()).toBe(true);
    await backend.results?.put(Array.from({ length: 50_001 }, (_, n) => revoked(`other-${n}`)));
    await clock.advance(61_000);
    await until(async () => (await waiting("delayed")).length === 0);
    await clock.advance(1_000);
    expect([runs, (await resultOf("cancelled"))?.state]).toEqual([1, "REVOKED"]);
  },
);

test.each([
  ["by the handle of the call", false],
  ["by its id, as by another process", true],
])(
  "a call that is cancelled days ahead, %s, does not run, though no worker of that time is left",
  async (_, isById) => {
    harness = await workerHarness();
    const { app, clock } = harness;
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    const called = await task.applyAsync([], { countdown: "7d" });
    expect(await (isById ? app.result(called.id) : called).cancel()).toBe(true);
    await clock.advance(7 * dayMs - 30_000);
    await app.worker().start();
    await clock.advance(60_000);
    expect(runs).toBe(0);
  },
);

test("a call that is cancelled in a backlog does not run, though its task's results are kept for less", async () => {
  harness = await workerHarness();
  const { app, clock } = harness;
  let runs = 0;
  const task = app.task("task", { resultExpires: "5m" }, () => void (runs += 1));
  const called = await task.delay();
  expect(await called.cancel()).toBe(true);
  await clock.advance(3_600_000);
  await app.worker().start();
  await clock.advance(1_000);
  expect(runs).toBe(0);
});

test("a call that is cancelled while it waits days for its retry is not run again", async () => {
  harness = await workerHarness();
  const { app, clock, until } = harness;
  let runs = 0;
  const task = app.task("task", { bind: true }, (self) => {
    runs += 1;
    throw self.retry({ countdown: "3d" });
  });
  const worker = app.worker();
  await worker.start();
  const called = await task.delay();
  await until(async () => (await called.state()) === "RETRY");
  expect(await called.cancel()).toBe(true);
  await worker.stop();
  await clock.advance(3 * dayMs - 30_000);
  await app.worker().start();
  await clock.advance(60_000);
  expect(runs).toBe(1);
});
