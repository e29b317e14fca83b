import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const ended = (harnessed: WorkerHarness, id: string) =>
  harnessed.until(async () => ((await harnessed.resultOf(id))?.dateDoneMs ?? 0) > 0);
describe("a retry", () => {
  test("runs the same call again after its wait, and tells of it meanwhile", async () => {
    const { app, clock, resultOf, waiting } = await setUp();
    const runs: unknown[] = [];
    const task = app.task("task", { bind: true, retryJitter: false }, (self, x: number) => {
      runs.push([self.retries, x, self.id, self.headers]);
      if (self.retries < 2) throw self.retry({ cause: new RangeError("busy") });
      return "third";
    });
    await app.worker().start();
    const result = await task.applyAsync([7], { headers: { tenant: "acme" } });
    await clock.advance(500);
    expect(await resultOf(result.id)).toMatchObject({ state: "RETRY", error: { type: "RangeError", message: "busy" } });
    expect((await waiting("delayed"))[0]?.message.properties.messageId).toBe(`${result.id}:1`);
    await clock.advance(5_600);
    await expect(result.get()).resolves.toBe("third");
    expect(runs).toEqual([0, 1, 2].map((retries) => [retries, 7, result.id, { tenant: "acme" }]));
  });

  test.each([
    ["returned", (retry: () => Error) => retry()],
    ["returned by a promise", (retry: () => Error) => Promise.resolve(retry())],
  ])("that is %s instead of thrown is a retry all the same", async (_, give) => {
    const { app, clock } = await setUp();
    const task = app.task("task", { bind: true }, (self): unknown =>
      self.retries === 0 ? give(() => self.retry({ countdown: 10 })) : "second",
    );
    await app.worker().start();
    const result = await task.delay();
    await clock.advance(2_000);
    await expect(result.get()).resolves.toBe("second");
  });

  test("that would be due after the call has expired is none: the task has failed, and says of what", async () => {
    const { app, clock, dead, resultOf } = await setUp();
    const options = { retryFor: true, retryBackoff: "10m", retryJitter: false, expires: "1m" } as const;
    const task = app.task("task", options, () => {
      throw new RangeError("declined");
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(700_000);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "RangeError", message: "declined" } });
    expect((await dead()).map(({ death }) => death?.detail)).toEqual(["RangeError: declined"]);
  });

  test("at an instant runs then, and not before", async () => {
    const { app, clock } = await setUp();
    const runsAtMs: number[] = [];
    const eta = new Date(clock.now() + 60_000);
    const task = app.task("task", { bind: true }, (self) => {
      runsAtMs.push(clock.now());
      if (self.retries === 0) throw self.retry({ eta });
    });
    await app.worker().start();
    await task.delay();
    await clock.advance(65_000);
    expect(runsAtMs).toHaveLength(2);
    expect(runsAtMs[1]! - eta.getTime()).toBeGreaterThanOrEqual(0);
    expect(runsAtMs[1]! - eta.getTime()).toBeLessThanOrEqual(1_100);
  });

  test("happens by itself for errors in retryFor, until none is left; then the last error is the failure", async () => {
    const { app, clock, resultOf, dead } = await setUp();
    let runs = 0;
    const task = app.task("task", { retryFor: [RangeError], maxRetries: 2, retryBackoff: 10 }, () => {
      runs += 1;
      throw new RangeError(`number ${runs}`);
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(10_000);
    expect(runs).toBe(3);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { message: "number 3" } });
    expect((await dead())[0]?.death).toMatchObject({
      reason: "failed",
      detail: "RangeError: number 3 (after 3 attempts)",
    });
  });

  test("of a call that was cancelled meanwhile does not happen", async () => {
    const { app, clock, resultOf, waiting } = await setUp({
      wrapBackend: (backend) =>
        changedResults(backend, () => ({ revocations: async () => ({ taskIds: [], cursor: "" }) })),
    });
    const task = app.task("task", { bind: true }, (self) => {
      throw self.retry({ countdown: "10s" });
    });
    const { id } = await task.delay();
    const document = '{"status":"REVOKED","result":null}';
    await harness.backend.results?.put([{ taskId: id, state: "REVOKED", document, fence: null, expiresInMs: 1e6 }]);
    await app.worker().start();
    await clock.advance(1_000);
    expect((await resultOf(id))?.state).toBe("REVOKED");
    expect([...(await waiting()), ...(await waiting("delayed")), ...(await waiting("unsettled"))]).toEqual([]);
  });
});

describe("a task that failed", () => {
  test.each([
    ["failed", 1],
    ["bad", 0],
    ["never", 0],
  ] as const)("becomes a dead letter by deadLetter %j: %i", async (deadLetter, letters) => {
    const { app, dead, resultOf, waiting } = await setUp();
    const task = app.task("task", { deadLetter }, () => Promise.reject(new Error("boom")));
    await app.worker().start();
    const { id } = await task.delay();
    await ended(harness, id);
    await harness.clock.advance(0);
    expect(await resultOf(id)).toMatchObject({
      state: "FAILURE",
      error: { type: "Error", message: "boom", module: "js" },
    });
    expect([(await dead()).length, (await waiting("unsettled")).length]).toEqual([letters, 0]);
  });

  test("by bad arguments becomes a dead letter by deadLetter bad", async () => {
    const { app, dead, until } = await setUp();
    app.task("task", { deadLetter: "bad", input: z.tuple([z.string()]) }, () => 1);
    await harness.send({ headers: { id: "x", task: "task" } });
    await app.worker().start();
    await until(async () => (await dead()).length === 1);
    expect((await dead())[0]?.death?.reason).toBe("invalid");
  });

  test("can be replayed, and then succeed", async () => {
    const { app, observer, until } = await setUp();
    let runs = 0;
    const task = app.task("task", () => {
      if (++runs === 1) throw new Error("once");
      return "twice";
    });
    await app.worker().start();
    const result = await task.delay();
    await until(async () => (await harness.dead()).length === 1);
    await observer.admin.replay("default.dead", { first: 1 });
    await until(async () => (await result.state()) === "SUCCESS");
    await expect(result.get()).resolves.toBe("twice");
  });
});
