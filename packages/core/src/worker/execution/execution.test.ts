import { AsyncLocalStorage } from "node:async_hooks";
import type { Delivery } from "@lovage/transport";
import { LeaseLostError } from "@lovage/transport";
import { afterEach, describe, expect, test, vi } from "vitest";
import { encodeRevoke } from "../../control/revoke-message.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
const forever = (): Promise<never> => new Promise(() => {});

describe("the asynchronous context", () => {
  test("is the worker's own, and never that of another task", async () => {
    const { app } = await setUp();
    const storage = new AsyncLocalStorage<string>();
    const task = app.task("task", async (text: string) => {
      const before = storage.getStore();
      storage.enterWith(text);
      await Promise.resolve();
      return [before, storage.getStore()];
    });
    const sync = app.task("sync", () => storage.getStore());
    await storage.run("worker", () => app.worker().start());
    const first = await storage.run("sender", () => task.delay("first"));
    const second = await task.delay("second");
    await expect(first.get()).resolves.toEqual(["worker", "first"]);
    await expect(second.get()).resolves.toEqual(["worker", "second"]);
    await expect((await sync.delay()).get()).resolves.toBe("worker");
  });
});

describe("the soft time limit", () => {
  test("aborts the signal, and the task may end well", async () => {
    const { app, clock } = await setUp();
    const task = app.task("task", { bind: true, softTimeLimit: "5s" }, async (self) => {
      await new Promise<void>((resolve) => self.signal.addEventListener("abort", () => resolve()));
      return codeOf(self.signal.reason);
    });
    await app.worker().start();
    const result = await task.delay();
    const got = result.get();
    await clock.advance(5_000);
    await expect(got).resolves.toBe("SOFT_TIME_LIMIT_EXCEEDED");
  });

  test("of a call stands above the one of the task", async () => {
    const { app, clock, until } = await setUp();
    const abortedAtMs: number[] = [];
    const task = app.task("task", { bind: true, softTimeLimit: "50s", timeLimit: "1m" }, async (self) => {
      const beganAtMs = clock.now();
      self.signal.addEventListener("abort", () => abortedAtMs.push(clock.now() - beganAtMs));
      await forever();
    });
    await app.worker().start();
    await task.applyAsync([], { softTimeLimit: "2s" });
    await until(() => abortedAtMs.length === 1);
    expect(abortedAtMs).toEqual([2_000]);
    await app.worker().stop();
  });

  test("is seen by a task that asks for its signal only later", async () => {
    const { app, clock } = await setUp();
    const task = app.task("task", { bind: true, softTimeLimit: 10 }, async (self) => {
      await clock.sleep(20);
      return self.signal.aborted;
    });
    await app.worker().start();
    const got = (await task.delay()).get();
    await clock.advance(20);
    await expect(got).resolves.toBe(true);
  });
});

describe("the hard time limit", () => {
  test("stores the failure and frees the slot, whatever the function does", async () => {
    const { app, clock, dead, resultOf, lines } = await setUp();
    const stuck = app.task("stuck", { timeLimit: "3s", retryFor: [RangeError] }, forever);
    const other = app.task("other", () => "ran");
    const worker = app.worker({ concurrency: 1, prefetch: 2, listener: {} });
    await worker.start();
    const { id } = await stuck.delay();
    await other.applyAsync([], { taskId: "o" });
    await clock.advance(2_999);
    expect([await resultOf(id), worker.health().running]).toEqual([undefined, 1]);
    await clock.advance(1);
    expect(await resultOf(id)).toMatchObject({
      state: "FAILURE",
      error: { type: "TimeLimitExceeded", module: "billiard.exceptions" },
    });
    expect((await dead())[0]?.death?.reason).toBe("failed");
    expect(lines("warn")).toContain(
      "The function of a task goes on after its run has ended; what it returns is thrown away.",
    );
  });

  test("throws away what the function returns later, and its context refuses to write", async () => {
    const { app, clock, resultOf } = await setUp();
    const late: unknown[] = [];
    const task = app.task("task", { bind: true, timeLimit: "1s" }, async (self) => {
      await clock.sleep(2_000);
      late.push(codeOf(self.signal.reason));
      await self.updateState("LATE").catch((error: unknown) => late.push(codeOf(error)));
      return "late";
    });
    const worker = app.worker({ concurrency: 2 });
    await worker.start();
    const { id } = await task.delay();
    await clock.advance(1_000);
    expect(worker.health().abandoned).toBe(1);
    await clock.advance(2_000);
    expect(late).toEqual(["TIME_LIMIT_EXCEEDED", "TASK_ENDED"]);
    expect((await resultOf(id))?.state).toBe("FAILURE");
    expect(worker.health().abandoned).toBe(0);
  });

  test("leads to a retry where retryFor says so", async () => {
    const { app, clock, resultOf } = await setUp();
    let runs = 0;
    const task = app.task("task", { timeLimit: "1s", retryFor: true, maxRetries: 1, retryBackoff: 0 }, async () => {
      runs += 1;
      if (runs === 1) await forever();
      return "second";
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(5_000);
    expect(await resultOf(id)).toMatchObject({ state: "SUCCESS", value: "second" });
  });

  test("ends the worker once functions that go on fill all its slots", async () => {
    const { app, clock, waiting, until } = await setUp();
    const stuck = app.task("stuck", { timeLimit: "1s" }, forever);
    const onExhausted = vi.fn<() => void>();
    const worker = app.worker({ concurrency: 2, listener: { onExhausted } });
    await worker.start();
    await stuck.applyMany([[], []]);
    await until(() => worker.health().state === "stopped");
    await stuck.delay();
    await clock.advance(5_000);
    expect(onExhausted).toHaveBeenCalledOnce();
    expect(worker.health().live.ok).toBe(false);
    expect(await waiting()).toHaveLength(1);
  });
});

describe("a function that ends soon after its run was ended by force", () => {
  test("leaves its worker at work, though it has but one slot", async () => {
    const { app, clock } = await setUp();
    const obedient = app.task("obedient", { bind: true, timeLimit: "1s" }, async (self) => {
      await new Promise<void>((resolve) => self.signal.addEventListener("abort", () => resolve()));
      await clock.sleep(4_000);
    });
    const next = app.task("next", () => "ran");
    const worker = app.worker({ concurrency: 1 });
    await worker.start();
    await obedient.applyMany([[], [], []]);
    await clock.advance(20_000);
    expect(worker.health()).toMatchObject({ state: "running", abandoned: 0 });
    await expect((await next.delay()).get()).resolves.toBe("ran");
  });

  test("leaves its worker at work when an error has escaped it", async () => {
    const { app, clock, until } = await setUp();
    const worker = app.worker({ concurrency: 1 });
    const task = app.task("task", { bind: true }, async (self) => {
      setImmediate(() => worker.failCurrentTask(new RangeError("in a stray callback")));
      await new Promise<void>((resolve) => self.signal.addEventListener("abort", () => resolve()));
    });
    await worker.start();
    await task.delay();
    await until(() => harness.lines("error").includes("Task failed."));
    await clock.advance(10_000);
    expect(worker.health()).toMatchObject({ state: "running", abandoned: 0 });
  });
});

describe("a lease that is lost while the task runs", () => {
  test("aborts the signal, and nothing of the run is written", async () => {
    const lost = new AbortController();
    const acks: string[] = [];
    const onDelivery = (delivery: Delivery): Delivery =>
      changed(delivery, {
        signal: lost.signal,
        ack: async () => void acks.push("ack"),
        reject: async () => void acks.push("reject"),
      });
    const { app, clock, resultOf, until } = await setUp({ onDelivery });
    const reasons: unknown[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      self.signal.addEventListener("abort", () => reasons.push(codeOf(self.signal.reason)));
      await clock.sleep(1_000);
      return 1;
    });
    await app.worker().start();
    const { id } = await task.delay();
    await until(() => harness.lines("debug").includes("Task started."));
    lost.abort(new LeaseLostError({ queue: "default", messageId: "1" }));
    await clock.advance(2_000);
    expect([reasons, acks, await resultOf(id)]).toEqual([["LEASE_LOST"], [], undefined]);
    expect(harness.lines("warn")).toEqual(["The end of a task is not recorded: its lease was lost."]);
  });

  test("is asked about before a message that has waited is started", async () => {
    const lost = new AbortController();
    const { app, clock, until } = await setUp({ onDelivery: (delivery) => changed(delivery, { signal: lost.signal }) });
    const runs: number[] = [];
    const task = app.task("task", async (n: number) => {
      runs.push(n);
      await clock.sleep(5_000);
    });
    const worker = app.worker({ concurrency: 1 });
    await worker.start();
    await task.applyMany([[1], [2]]);
    await until(() => worker.health().buffered === 1);
    await clock.advance(2_000);
    lost.abort(new LeaseLostError({ queue: "default", messageId: "1" }));
    await clock.advance(10_000);
    expect(runs).toEqual([1]);
  });
});

describe("a cancelled task that runs", () => {
  test("is told by its signal, and ends as REVOKED whatever it returns", async () => {
    const { app, clock, resultOf } = await setUp();
    const reasons: unknown[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      self.signal.addEventListener("abort", () => reasons.push(codeOf(self.signal.reason)));
      await clock.sleep(1_000);
      return "done all the same";
    });
    await app.worker().start();
    const result = await task.delay();
    await clock.advance(10);
    await result.cancel();
    await clock.advance(10);
    expect(reasons).toEqual(["TASK_REVOKED"]);
    await clock.advance(1_000);
    expect((await resultOf(result.id))?.state).toBe("REVOKED");
    await expect(result.get()).rejects.toMatchObject({ code: "TASK_REVOKED" });
  });

  test("by a command of Celery's alone ends as REVOKED as well", async () => {
    const { app, clock, observer, resultOf } = await setUp();
    const task = app.task("task", () => clock.sleep(1_000));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(10);
    await observer.broadcast?.publish("celery.pidbox", encodeRevoke({ taskIds: [id], terminate: false }));
    await clock.advance(2_000);
    expect(await resultOf(id)).toMatchObject({
      state: "REVOKED",
      error: { type: "TaskRevokedError", args: ["revoked"] },
    });
  });
});

describe("an error that escapes a task", () => {
  test("fails the run it belongs to", async () => {
    const { app, clock, resultOf } = await setUp();
    const told: boolean[] = [];
    const worker = app.worker();
    const task = app.task("task", async () => {
      setImmediate(() => told.push(worker.failCurrentTask(new RangeError("in a stray callback"))));
      await forever();
    });
    await worker.start();
    const { id } = await task.delay();
    await clock.advance(200);
    expect(told).toEqual([true]);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "RangeError" } });
    expect(worker.failCurrentTask(new Error("of nobody"))).toBe(false);
  });
});
