import { TransportUnavailableError } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { changed, changedResults, workerHarness } from "./test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "./test-support/worker-harness.ts";

let harness: WorkerHarness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const forever = (): Promise<never> => new Promise(() => {});
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

const away = (): Promise<void> => Promise.reject(new TransportUnavailableError("away"));

describe("a worker that stops", () => {
  test("lets what runs end, gives back what it has not started, and leaves nothing behind", async () => {
    const { app, clock, waiting } = await setUp();
    const task = app.task("task", async () => {
      await clock.sleep(5_000);
      return "done";
    });
    const worker = app.worker({ concurrency: 1 });
    await worker.start();
    const [first] = await task.applyMany([[], []]);
    await clock.advance(1_000);
    const stopping = worker.stop({ timeout: "10s" });
    await clock.advance(10);
    expect((await waiting()).map(({ count }) => count)).toEqual([1]);
    await clock.advance(4_000);
    await stopping;
    await expect(first?.get()).resolves.toBe("done");
    expect(worker.health().state).toBe("stopped");
  });

  test("starts nothing whose turn was still being asked for when it was told to stop", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    let isSlow = false;
    const { app, clock, until } = await setUp({
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({
          get: async (taskIds) => {
            if (isSlow) asked.resolve();
            if (isSlow) await answer.promise;
            return results.get(taskIds);
          },
        })),
    });
    let runs = 0;
    const task = app.task("task", async () => {
      runs += 1;
      // A task that was given back once: whether it has run already is asked of the backend.
      if (runs === 1) await forever();
    });
    const first = app.worker();
    await first.start();
    await task.delay();
    await until(() => runs === 1);
    await first.stop({ timeout: 0 });

    isSlow = true;
    const second = app.worker();
    await second.start();
    await asked.promise;
    const stopping = second.stop({ timeout: "10s" });
    answer.resolve();
    await clock.advance(100);
    await stopping;
    expect(runs).toBe(1);
  });

  test("aborts what still runs when its time is over, and gives it back, charged to nobody", async () => {
    const { app, clock, until } = await setUp();
    const reasons: unknown[] = [];
    const runs: unknown[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      runs.push([self.delivery.count, self.delivery.redelivered]);
      self.signal.addEventListener("abort", () => reasons.push(codeOf(self.signal.reason)));
      await forever();
    });
    const worker = app.worker();
    await worker.start();
    await task.delay();
    await until(() => runs.length === 1);
    const stopping = worker.stop({ timeout: "2s" });
    await clock.advance(1_999);
    expect(reasons).toEqual([]);
    await clock.advance(1);
    await stopping;
    expect(reasons).toEqual(["WORKER_SHUTDOWN"]);
    const next = app.worker();
    await next.start();
    await until(() => runs.length === 2);
    expect(runs).toEqual([
      [1, false],
      [1, true],
    ]);
    await next.stop({ timeout: 0 });
  });

  test("records as failed what it cannot give back, because it was acknowledged before it ran", async () => {
    const { app, until, resultOf, dead, waiting } = await setUp();
    let runs = 0;
    const reasons: unknown[] = [];
    const task = app.task("task", { ack: "early", bind: true, retryFor: true }, async (self) => {
      runs += 1;
      self.signal.addEventListener("abort", () => reasons.push(self.signal.reason));
      await forever();
    });
    const worker = app.worker();
    await worker.start();
    const { id } = await task.delay();
    await until(() => runs === 1);
    await worker.stop({ timeout: 0 });
    expect(reasons).toMatchObject([
      { code: "WORKER_SHUTDOWN", message: expect.stringContaining("does not run again") as string },
    ]);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "WorkerShutdownError" } });
    expect((await dead()).map(({ death }) => death?.reason)).toEqual(["failed"]);
    expect(await waiting()).toEqual([]);
  });

  test("records as failed what was being acknowledged, before it ran, when its time was over", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const { app, until, resultOf, dead } = await setUp({
      onDelivery: (delivery) =>
        changed(delivery, {
          ack: async (messages) => {
            const acknowledged = delivery.ack(messages);
            asked.resolve();
            await answer.promise;
            return acknowledged;
          },
        }),
    });
    let runs = 0;
    const task = app.task("task", { ack: "early" }, () => void (runs += 1));
    const worker = app.worker();
    await worker.start();
    const { id } = await task.delay();
    await asked.promise;
    const stopping = worker.stop({ timeout: 0 });
    answer.resolve();
    await stopping;
    await until(async () => (await dead()).length === 1);
    expect([runs, (await resultOf(id))?.state]).toEqual([0, "FAILURE"]);
  });

  test("hands nothing on from a task that ends after it was given back", async () => {
    const { app, clock, resultOf } = await setUp();
    const task = app.task("task", async () => {
      await clock.sleep(1_000);
      return 1;
    });
    const worker = app.worker();
    await worker.start();
    const { id } = await task.delay();
    await clock.advance(100);
    await worker.stop({ timeout: 0 });
    await clock.advance(5_000);
    expect(await resultOf(id)).toBeUndefined();
  });

  test("stops sooner when it is asked again with less time", async () => {
    const { app, clock, until } = await setUp();
    let isRunning = false;
    const task = app.task("task", async () => {
      isRunning = true;
      await forever();
    });
    const worker = app.worker();
    await worker.start();
    await task.delay();
    await until(() => isRunning);
    const startedAtMs = clock.now();
    const slow = [worker.stop({ timeout: "1h" }), worker.stop({ timeout: "2h" })];
    await clock.advance(500);
    await worker.stop({ timeout: 0 });
    await Promise.all(slow);
    expect(clock.now() - startedAtMs).toBe(500);
  });

  test("resolves for all who ask, in any state", async () => {
    const { app, clock } = await setUp();
    const unstarted = app.worker();
    await Promise.all([unstarted.stop(), unstarted.stop(), unstarted.stop()]);
    await unstarted.closed;
    await expect(unstarted.start()).rejects.toMatchObject({ code: "CLOSED" });
    const worker = app.worker();
    const starting = worker.start();
    const stops = [worker.stop(), worker.stop(), worker.stop()];
    await expect(starting).rejects.toMatchObject({ code: "CLOSED" });
    await clock.advance(100);
    await Promise.all([...stops, worker.closed]);
    await worker.stop();
  });

  test("leaves no timer behind when it is asked again afterwards", async () => {
    const { app, clock } = await setUp();
    const worker = app.worker();
    await worker.start();
    const stopped = worker.stop({ timeout: "1h" });
    await clock.advance(100);
    await stopped;
    const pending = clock.pending;
    await worker.stop({ timeout: "1h" });
    expect(clock.pending).toBe(pending);
  });

  test("resolves within its time when the broker takes nothing any more", async () => {
    const { app, clock, until } = await setUp({
      onDelivery: (delivery) => changed(delivery, { ack: away, release: away }),
    });
    let runs = 0;
    const quick = app.task("quick", { ignoreResult: true }, () => void (runs += 1));
    const slow = app.task("slow", () => ((runs += 1), forever()));
    const worker = app.worker({ concurrency: 2 });
    await worker.start();
    await quick.delay();
    await slow.applyMany([[], [], []]);
    await until(() => runs === 3);
    const startedAtMs = clock.now();
    const stopping = worker.stop({ timeout: "1s" });
    await until(() => worker.health().state === "stopped");
    await stopping;
    expect(clock.now() - startedAtMs).toBeLessThanOrEqual(2_000);
  });

  test("leaves no consumer behind when it is stopped while it starts", async () => {
    const { app, observer, until } = await setUp();
    for (let turns = 0; turns < 30; turns += 1) {
      const worker = app.worker();
      const starting = worker.start().catch(codeOf);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await worker.stop({ timeout: 0 });
      expect([undefined, "CLOSED"]).toContain(await starting);
    }
    await observer.publish([
      {
        to: "default",
        headers: {},
        properties: { messageId: "1", contentType: "x", contentEncoding: "binary" },
        body: Buffer.of(1),
      },
    ]);
    await harness?.clock.advance(10_000);
    await until(async () => (await harness?.waiting())?.length === 1);
    expect(await harness?.dead()).toEqual([]);
  });

  test("does not run what it was still looking at", async () => {
    const gate = Promise.withResolvers<void>();
    const { app, clock, send, until, waiting } = await setUp();
    let runs = 0;
    let checks = 0;
    const validate = async (value: unknown) => {
      checks += 1;
      await gate.promise;
      return { value: value as [] };
    };
    app.task("task", { input: { "~standard": { version: 1, vendor: "test", validate } } }, () => void (runs += 1));
    const worker = app.worker();
    await worker.start();
    await send({ headers: { id: "x", task: "task" } });
    await until(() => checks === 1);
    await worker.stop({ timeout: 0 });
    gate.resolve();
    await clock.advance(1_000);
    expect([runs, (await waiting()).length]).toEqual([0, 1]);
  });

  test("takes nothing any more from the moment of the call", async () => {
    const { app, clock, waiting } = await setUp();
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    const worker = app.worker();
    await worker.start();
    const stopping = worker.stop();
    await task.applyMany([[], []]);
    await clock.advance(30_000);
    await stopping;
    expect([runs, (await waiting()).length]).toEqual([0, 2]);
  });

  test("can be left to the end of its scope", async () => {
    const { app } = await setUp();
    const seen: ReturnType<typeof app.worker>[] = [];
    {
      await using worker = app.worker();
      await worker.start();
      seen.push(worker);
    }
    expect(seen[0]?.health().state).toBe("stopped");
  });

  test("refuses a time that is none", async () => {
    const { app } = await setUp();
    await expect(app.worker().stop({ timeout: -1 })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      field: "timeout",
    });
  });
});
