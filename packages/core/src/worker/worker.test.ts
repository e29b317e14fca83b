import { OptionError } from "@lovage/foundation";
import { TransportUnavailableError } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { createApp } from "../app/create-app.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import type { WorkerListener } from "./worker-options.ts";
import { changed, changedResults, workerHarness } from "./test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "./test-support/worker-harness.ts";

let harness: WorkerHarness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const forever = (): Promise<never> => new Promise(() => {});
describe("a worker", () => {
  test("takes the queues of the app's tasks, unless it is told which", async () => {
    const { app, until } = await setUp({ routes: { "mail.*": "mail" } });
    const seen: string[] = [];
    const one = app.task("mail.one", () => void seen.push("mail"));
    const two = app.task("two", () => void seen.push("default"));
    const other = app.worker({ queues: ["mail"] });
    await other.start();
    await Promise.all([one.delay(), two.delay()]);
    await until(() => seen.length === 1);
    expect(other.health().queues.map(({ queue }) => queue)).toEqual(["mail"]);
    await app.worker().start();
    await until(() => seen.length === 2);
    expect(seen).toEqual(["mail", "default"]);
  });

  test("runs as many tasks at once as it has slots, over all queues", async () => {
    const { app, clock, observer } = await setUp();
    await observer.declare({ queues: [{ name: "a" }, { name: "b" }] });
    let running = 0;
    let most = 0;
    const task = app.task("task", async () => {
      most = Math.max(most, (running += 1));
      await clock.sleep(100);
      running -= 1;
    });
    await app.worker({ queues: ["a", "b"], concurrency: 3 }).start();
    for (const queue of ["a", "b"])
      await task.applyMany(
        Array.from({ length: 10 }, () => []),
        { queue },
      );
    await clock.advance(10_000);
    expect([most, running]).toEqual([3, 0]);
  });

  test("takes its queues in turn, so that none waits for another", async () => {
    const { app, clock, observer } = await setUp();
    await observer.declare({ queues: [{ name: "a" }, { name: "b" }] });
    const order: string[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      order.push(self.delivery.queue);
      await clock.sleep(10);
    });
    await task.applyMany(
      Array.from({ length: 20 }, () => []),
      { queue: "a" },
    );
    await task.applyMany(
      Array.from({ length: 4 }, () => []),
      { queue: "b" },
    );
    await app.worker({ queues: ["a", "b"], concurrency: 1 }).start();
    await clock.advance(2_000);
    expect(order.slice(0, 9).filter((queue) => queue === "b")).toHaveLength(4);
  });

  test("holds no more of a queue than its prefetch, and grows that for short tasks", async () => {
    const { app, clock, until } = await setUp();
    const task = app.task("task", { ignoreResult: true }, () => undefined);
    const worker = app.worker({ concurrency: 5 });
    await worker.start();
    expect(worker.health().queues[0]?.prefetch).toBe(10);
    await task.applyMany(Array.from({ length: 900 }, () => []));
    await until(() => worker.health().queues[0]!.prefetch > 500);
    await clock.advance(0);
    expect(worker.health().queues[0]?.unsettled).toBe(0);
  });

  test("gives back what it holds when tasks become long, so that others may run it", async () => {
    const { app, clock, until, waiting } = await setUp();
    const short = app.task("short", { ignoreResult: true }, () => undefined);
    const long = app.task("long", { ignoreResult: true }, forever);
    const worker = app.worker({ concurrency: 5 });
    await worker.start();
    await short.applyMany(Array.from({ length: 900 }, () => []));
    await until(() => worker.health().queues[0]!.prefetch > 500);
    await long.applyMany(Array.from({ length: 200 }, () => []));
    await clock.advance(10);
    expect(worker.health()).toMatchObject({ running: 5, buffered: 195 });
    await clock.advance(5_000);
    expect(worker.health()).toMatchObject({ running: 5, buffered: 0 });
    expect(await waiting()).toHaveLength(100);
    await worker.stop({ timeout: 0 });
  });

  test("leaves nothing waiting behind a long task while another worker is idle, and fetches again when it ends", async () => {
    const { app, clock, until } = await setUp();
    const ended: string[] = [];
    const task = app.task("task", async (name: string, ms: number) => {
      await clock.sleep(ms);
      ended.push(name);
    });
    const first = app.worker({ concurrency: 1 });
    await first.start();
    await task.delay("long", 60_000);
    await clock.advance(10);
    await task.delay("short", 10);
    await clock.advance(100);
    expect(first.health()).toMatchObject({ running: 1, buffered: 1 });
    const second = app.worker({ concurrency: 1 });
    await second.start();
    await clock.advance(5_000);
    expect(ended).toEqual(["short"]);
    await second.stop();
    await task.delay("next", 10);
    await clock.advance(5_000);
    expect(ended).toEqual(["short"]);
    await until(() => ended.length === 3, 60_000);
    expect(ended).toEqual(["short", "long", "next"]);
  });

  test("fetches again when a long task ends, also when another end was recorded meanwhile", async () => {
    const slow: (() => void)[] = [];
    const { app, clock, until } = await setUp({
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({
          put: async (puts) => {
            if (slow.length === 0) await new Promise<void>((resolve) => slow.push(resolve));
            return results.put(puts);
          },
        })),
    });
    const first = app.task("first", () => undefined);
    const long = Promise.withResolvers<void>();
    const longTask = app.task("long", { ignoreResult: true }, () => long.promise);
    const worker = app.worker({ concurrency: 1 });
    await worker.start();
    await first.delay();
    await until(() => slow.length === 1);
    await longTask.delay();
    await clock.advance(5_000);
    expect(worker.health()).toMatchObject({ running: 1 });
    slow[0]?.();
    // Long enough for one look at the worker, in which it does not count as held up.
    await clock.advance(1_000);
    long.resolve();
    let isRun = false;
    const next = app.task("next", { ignoreResult: true }, () => void (isRun = true));
    await next.delay();
    await until(() => isRun, 60_000);
  });

  test("tells its health by what it does", async () => {
    const { app, clock } = await setUp();
    const task = app.task("task", () => clock.sleep(2_500));
    const worker = app.worker({ concurrency: 1, prefetch: 3 });
    expect(worker.health()).toMatchObject({
      state: "idle",
      broker: "unopened",
      live: { ok: true },
      ready: { ok: false },
    });
    await worker.start();
    await task.applyMany([[], []]);
    await clock.advance(1_000);
    expect(worker.health()).toMatchObject({
      state: "running",
      broker: "open",
      running: 1,
      buffered: 1,
      oldestRunningMs: 1_000,
    });
    expect(worker.health().queues[0]).toMatchObject({ unsettled: 2, prefetch: 3, lastSettledAtMs: undefined });
    await clock.advance(2_000);
    const { queues } = worker.health();
    expect(clock.now() - queues[0]!.lastSettledAtMs!).toBe(500);
  });

  test("tells a listener what runs and how it ended", async () => {
    const { app, until } = await setUp();
    const told: string[] = [];
    const task = app.task("task", { deadLetter: "never" }, (x: number) => {
      if (x > 1) throw new Error("boom");
    });
    const listener: WorkerListener = {
      onTaskStarted: (call) => void told.push(`${call.task} started`),
      onTaskEnded: (call, outcome) => void told.push(`${call.task} ${outcome}`),
    };
    await app.worker({ concurrency: 1, listener }).start();
    await task.applyMany([[1], [2]]);
    await task.applyAsync([3], { expires: new Date(0) });
    await until(() => told.length === 5);
    expect(told).toEqual(["task started", "task success", "task started", "task failure", "task revoked"]);
  });

  test("is held up by no listener that throws", async () => {
    const { app, lines } = await setUp();
    const task = app.task("task", (x: number) => x);
    const listener: WorkerListener = {
      onTaskStarted: () => {
        throw new Error("no start");
      },
      onTaskEnded: () => {
        throw new Error("metrics are down");
      },
    };
    await app.worker({ concurrency: 1, listener }).start();
    const results = await task.applyMany([[1], [2]]);
    await expect(Promise.all(results.map((result) => result.get()))).resolves.toEqual([1, 2]);
    expect(new Set(lines("error"))).toEqual(new Set(["A function of the worker's listener threw."]));
  });

  test("sweeps its backend every minute", async () => {
    let sweeps = 0;
    const { app, clock } = await setUp({
      wrapBackend: (backend) =>
        changed(backend, { sweep: () => (sweeps++ === 1 ? Promise.reject(new Error("away")) : backend.sweep()) }),
    });
    await app.worker().start();
    await clock.advance(180_500);
    expect(sweeps).toBe(3);
  });

  test("goes on when revocations cannot be read", async () => {
    const { app, clock } = await setUp({
      wrapBackend: (backend) =>
        changed(backend, {
          results: changed(backend.results!, { revocations: () => Promise.reject(new Error("away")) }),
        }),
    });
    const task = app.task("task", () => 1);
    await app.worker().start();
    await clock.advance(20_000);
    await expect((await task.delay()).get()).resolves.toBe(1);
    expect(harness?.lines("warn")).toEqual(["Revocations cannot be read; trying again."]);
  });
});

describe("a worker that starts", () => {
  test("starts once, however often it is asked", async () => {
    const { app, until } = await setUp();
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    const worker = app.worker();
    await Promise.all([worker.start(), worker.start()]);
    await worker.start();
    await task.delay();
    await until(() => runs === 1);
    expect(worker.health().queues).toHaveLength(1);
  });

  test("fails when the queues cannot be consumed, and is then stopped", async () => {
    const error = new TransportUnavailableError("away");
    const connection = fakeConnection({ consume: () => Promise.reject(error), capabilities: {} as never });
    const app = createApp({ broker: connection, log: recordedLog() });
    const worker = app.worker();
    await expect(worker.start()).rejects.toBe(error);
    await worker.closed;
    expect(worker.health().state).toBe("stopped");
    await app.close();
  });

  test("cannot be started again once it was stopped", async () => {
    const { app } = await setUp();
    const worker = app.worker();
    await worker.start();
    await worker.stop();
    await expect(worker.start()).rejects.toMatchObject({ code: "CLOSED" });
    const unstarted = app.worker();
    await unstarted.stop();
    await expect(unstarted.start()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("refuses a mistyped option of stop, and goes on", async () => {
    const { app } = await setUp();
    const worker = app.worker();
    await worker.start();
    await expect(worker.stop({ timout: "1s" } as never)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(worker.health().state).toBe("running");
  });

  test("refuses a task with a rate limit when there is nothing to keep it in", async () => {
    const { app } = await setUp({ wrapBackend: () => undefined });
    app.task("limited", { rateLimit: "5/s" }, () => 1);
    await expect(app.worker().start()).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
  });

  test.each([{ concurrency: 0 }, { pool: "threads" }])("is not even made with %j", async (options) => {
    const { app } = await setUp();
    expect(() => app.worker(options as never)).toThrow(OptionError);
  });
});
