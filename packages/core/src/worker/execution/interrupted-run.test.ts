import type { Connection } from "@lovage/transport";
import { afterEach, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A broker that may hand out a message twice. */
function doubling(connection: Connection): Connection {
  const capabilitiesOf: Connection["capabilitiesOf"] = (queue) => ({
    ...connection.capabilitiesOf(queue),
    doublesWithinMs: 20_000,
  });
  return changed(connection, { capabilitiesOf });
}

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
  // A retry is a call of its own, and would have expired.
  await until(async () => (await result.state()) === "FAILURE");
  expect([runs, (await dead()).length]).toEqual([3, 1]);
});

test("nor does one expire whose key in the backend takes a while to be freed", async () => {
  harness = await workerHarness({
    wrapConnection: doubling,
    wrapBackend: (backend) => {
      const coordination = backend.coordination!;
      const releaseKey = (key: string, owner: string): Promise<void> =>
        harness.clock.sleep(50).then(() => coordination.releaseKey(key, owner));
      return changed(backend, { coordination: changed(coordination, { releaseKey }) });
    },
  });
  const { app, clock, until } = harness;
  let runs = 0;
  const task = app.task("task", { expires: "10s" }, () => {
    runs += 1;
    return runs === 1 ? forever() : "done";
  });
  const worker = app.worker();
  await worker.start();
  const result = await task.delay();
  await until(() => runs === 1);
  const stopping = worker.stop({ timeout: "1s" });
  await clock.advance(30_000);
  await stopping;
  await app.worker().start();
  await clock.advance(5_000);
  expect([runs, await result.state()]).toEqual([2, "SUCCESS"]);
});
