import { memoryTransport } from "@lovage/transport-memory";
import { afterEach, describe, expect, test } from "vitest";
import type { Task } from "../../app/task.ts";
import { createApp } from "../../app/create-app.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

describe("a rate limit", () => {
  test("holds over all workers, and a task that waits holds no slot", async () => {
    harness = await workerHarness();
    const { app, clock } = harness;
    const startsAtMs: number[] = [];
    let others = 0;
    const limited = app.task(
      "limited",
      { rateLimit: "5/s", ignoreResult: true },
      () => void startsAtMs.push(clock.now()),
    );
    const other = app.task("other", () => void (others += 1));
    await Promise.all([app.worker({ concurrency: 1 }).start(), app.worker({ concurrency: 1 }).start()]);
    await limited.applyMany(Array.from({ length: 20 }, () => []));
    await clock.advance(100);
    await other.delay();
    await clock.advance(100);
    expect(others).toBe(1);
    await clock.advance(10_000);
    expect(startsAtMs).toHaveLength(20);
    // The broker may deliver up to 1.1 s late; the average holds.
    expect(startsAtMs.at(-1)! - startsAtMs[0]!).toBeGreaterThanOrEqual(3_800);
    expect(startsAtMs.at(-1)! - startsAtMs[0]!).toBeLessThanOrEqual(5_500);
  });

  test("that is raised holds from then on, however far ahead turns of the lower one are reserved", async () => {
    harness = await workerHarness();
    const { app, backend, clock } = harness;
    const broker = await memoryTransport({ clock, name: "of the release before" });
    const before = createApp({ broker, backend, clock });
    const low = before.task("limited", { rateLimit: "1/h", ignoreResult: true }, () => {});
    await before.worker().start();
    await low.applyMany(Array.from({ length: 10 }, () => []));
    await clock.advance(1_000);
    let isClosed = false;
    const closing = before.close().then(() => (isClosed = true));
    await harness.until(() => isClosed);
    await closing;
    await broker.close();
    let runs = 0;
    const raised = app.task("limited", { rateLimit: "10/s", ignoreResult: true }, () => void (runs += 1));
    await app.worker().start();
    await raised.applyMany(Array.from({ length: 5 }, () => []));
    await clock.advance(5_000);
    expect(runs).toBe(5);
  });

  test("takes one turn for each run, and hides how", async () => {
    let turns = 0;
    harness = await workerHarness({
      wrapBackend: (backend) =>
        changed(backend, {
          coordination: changed(backend.coordination!, {
            reserve: (request) => ((turns += 1), backend.coordination!.reserve(request)),
          }),
        }),
    });
    const { app, clock } = harness;
    const seen: unknown[] = [];
    const task = app.task("task", { rateLimit: "1/s", bind: true, retryBackoff: 0 }, (self) => {
      seen.push([self.headers, self.retries, self.delivery.count]);
      if (self.retries === 0) throw self.retry({ countdown: 0 });
    });
    await app.worker().start();
    await task.applyMany([[], []], { headers: { tenant: "acme" } });
    await clock.advance(30_000);
    expect(turns).toBe(4);
    expect(seen).toHaveLength(4);
    for (const run of seen) expect(run).toEqual([{ tenant: "acme" }, expect.any(Number), 1]);
  });

  test("holds for turns that passed while no worker was there", async () => {
    harness = await workerHarness();
    const { app, clock, until } = harness;
    const startsMs: number[] = [];
    const task = app.task("task", { rateLimit: "6/m" }, () => void startsMs.push(clock.now()));
    const away = app.worker();
    await away.start();
    await task.applyMany(Array.from({ length: 12 }, () => [] as const));
    await clock.advance(2_000);
    await away.stop();
    await clock.advance(600_000);
    await app.worker({ concurrency: 20 }).start();
    await until(() => startsMs.length === 12, 600_000);
    const gaps = startsMs.slice(2).map((atMs, index) => atMs - startsMs[index + 1]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  });

  test("of many turns a second holds for those that passed, too", async () => {
    harness = await workerHarness();
    const { app, clock, until } = harness;
    const startsMs: number[] = [];
    const task = app.task("task", { rateLimit: "50/s", ignoreResult: true }, () => void startsMs.push(clock.now()));
    const away = app.worker({ concurrency: 100 });
    await away.start();
    await task.applyMany(Array.from({ length: 300 }, () => [] as const));
    await clock.advance(200);
    await away.stop({ timeout: 0 });
    await clock.advance(60_000);
    const startMs = clock.now();
    await app.worker({ concurrency: 100 }).start();
    await until(() => startsMs.length === 300, 200_000);
    const late = startsMs.filter((atMs) => atMs >= startMs);
    const crowds = late.map((fromMs) => late.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1_000).length);
    expect(late.length).toBeGreaterThan(200);
    expect(Math.max(...crowds)).toBeLessThanOrEqual(55);
  });

  test("lets those run that never come in time, since all slots are taken", async () => {
    harness = await workerHarness();
    const { app, clock, until, waiting } = harness;
    let runs = 0;
    const limited = app.task("limited", { rateLimit: "1/s" }, () => void (runs += 1));
    const long: Task<() => Promise<unknown>> = app.task("long", () => clock.sleep(5_000).then(() => long.delay()));
    await app.worker({ concurrency: 1, prefetch: 1 }).start();
    await limited.applyMany(Array.from({ length: 10 }, () => [] as const));
    await long.applyMany(Array.from({ length: 20 }, () => [] as const));
    await until(() => runs === 10, 1_000_000);
    expect((await waiting()).length).toBeGreaterThan(15);
  });

  test("does not keep a task from being given up that ends its worker each time", async () => {
    const counts: number[] = [];
    harness = await workerHarness({
      // As the broker gives back what was lost with its worker, after a while.
      onDelivery: (delivery) => changed(delivery, { count: delivery.message.headers["x-lovage-turn"] === 1 ? 2 : 1 }),
    });
    const { app, clock, send, waiting } = harness;
    app.task("task", { rateLimit: "1/h", bind: true }, (self) => void counts.push(self.delivery.count));
    await app.worker().start();
    for (const id of ["a", "b"]) await send({ headers: { id, task: "task", "x-lovage-turn": 1 } });
    await clock.advance(60_000);
    expect(counts).toEqual([2]);
    // Given back, not handed over to a copy that was never lost.
    expect((await waiting("delayed")).map(({ message }) => message.headers["x-lovage-turn"])).toEqual([1]);
  });
});
