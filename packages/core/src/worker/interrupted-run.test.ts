import { afterEach, expect, test } from "vitest";
import { workerHarness } from "./test-support/worker-harness.ts";
import type { WorkerHarness } from "./test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const forever = (): Promise<never> => new Promise(() => {});

test("a call that was started in time, and interrupted by the stop of its worker, runs elsewhere, though it would have expired", async () => {
  harness = await workerHarness();
  const { app, clock, until, dead } = harness;
  let runs = 0;
  const task = app.task("task", { retryFor: true, retryBackoff: "1s" }, async () => {
    runs += 1;
    if (runs <= 2) await forever();
    if (runs === 3) throw new Error("again");
    return runs;
  });
  const result = await task.applyAsync([], { expires: "10s" });
  for (const [expected, timeout] of [
    [1, "2s"],
    [2, 0],
  ] as const) {
    const worker = app.worker();
    await worker.start();
    await until(() => runs === expected);
    await clock.advance(20_000);
    const stopping = worker.stop({ timeout });
    await clock.advance(2_000);
    await stopping;
  }
  await app.worker().start();
  // A retry is a call of its own: it has expired.
  await until(async () => (await result.state()) === "REVOKED");
  expect([runs, await dead()]).toEqual([3, []]);
});
