import { memoryTransport } from "@lovage/transport-memory";
import type { Connection, Delivery } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import type { Task } from "../../app/task.ts";
import { createApp } from "../../app/create-app.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A broker that counts releases, and in which a copy would lose its place. */
const inPlace = (connection: Connection): Connection =>
  changed(connection, {
    capabilitiesOf: (queue) => ({ ...connection.capabilitiesOf(queue), countsReleases: true }),
  });

/** An app of such a broker; counts how often each message is handed out, and what was acknowledged with a copy. */
const setUp = async (options: HarnessOptions = {}) => {
  const looks = new Map<string, number>();
  let copies = 0;
  harness = await workerHarness({
    wrapConnection: inPlace,
    onDelivery: (delivery: Delivery) => {
      const { messageId } = delivery.message.properties;
      looks.set(messageId, (looks.get(messageId) ?? 0) + 1);
      return changed(delivery, {
        ack: (followUps = []) => ((copies += followUps.length), delivery.ack(followUps)),
      });
    },
    ...options,
  });
  return { ...harness, most: () => Math.max(...looks.values()), copies: () => copies };
};

describe("a task that no worker knows, in a queue that keeps its place", () => {
  test.each([
    ["with", {}],
    ["without", { wrapBackend: () => undefined }],
  ])("is looked at a few times until its time is up, %s a backend", async (_which, options) => {
    const { app, clock, dead, most, copies, until } = await setUp(options);
    const beganAtMs = clock.now();
    await app.remote("new").delay();
    await app.worker().start();
    await clock.advance(3_590_000);
    expect(await dead()).toEqual([]);
    await until(async () => (await dead()).length === 1);
    expect((await dead())[0]?.death).toMatchObject({ reason: "unknown-task" });
    expect(clock.now() - beganAtMs).toBeLessThan(3_605_000);
    expect(most()).toBeLessThanOrEqual(20);
    expect(copies()).toBe(0);
  });

  test("has one time with all workers", async () => {
    const { app, clock, dead, backend, until } = await setUp();
    await app.remote("new").delay();
    const first = app.worker();
    await first.start();
    await clock.advance(1_800_000);
    await first.stop();
    const broker = await memoryTransport({ clock });
    const later = createApp({ broker: inPlace(broker), backend, clock, log: harness.log });
    await later.worker().start();
    await clock.advance(1_700_000);
    expect(await dead()).toEqual([]);
    await until(async () => (await dead()).length === 1, 130_000);
    let isClosed = false;
    const closing = later.close().then(() => (isClosed = true));
    await until(() => isClosed);
    await closing;
    await broker.close();
  });

  test("runs on a worker that knows it, within as long as it has waited and an eighth of its time", async () => {
    const { app, clock, until } = await setUp();
    const { id } = await app.remote("new").delay();
    await app.worker().start();
    await clock.advance(60_000);
    app.task("new", () => "done");
    const sinceMs = clock.now();
    await until(async () => (await app.result(id).state()) === "SUCCESS", 100_000);
    expect(clock.now() - sinceMs).toBeLessThan(70_000);
  });
});

describe("a rate limit, in a queue that keeps its place", () => {
  test("holds, with two looks at a task", async () => {
    const { app, clock, until, most, copies } = await setUp();
    const startsMs: number[] = [];
    const task = app.task("task", { rateLimit: "6/m", ignoreResult: true }, () => void startsMs.push(clock.now()));
    await Promise.all([app.worker({ concurrency: 2 }).start(), app.worker({ concurrency: 2 }).start()]);
    await task.applyMany(Array.from({ length: 30 }, () => [] as const));
    await until(() => startsMs.length === 30, 600_000);
    const gaps = startsMs.slice(1).map((atMs, index) => atMs - startsMs[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(8_000);
    expect(startsMs.at(-1)! - startsMs[0]!).toBeLessThan(300_000);
    expect([most(), copies()]).toEqual([2, 0]);
  });

  test("of many a second lets tasks wait in their worker, in their order", async () => {
    const { app, clock, until, most } = await setUp();
    const ran: number[] = [];
    const task = app.task("task", { rateLimit: "5/s", ignoreResult: true }, (number: number) => void ran.push(number));
    await app.worker({ concurrency: 1 }).start();
    const beganAtMs = clock.now();
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    await task.applyMany(numbers.map((number) => [number] as const));
    await until(() => ran.length === 20, 60_000);
    expect(ran).toEqual(numbers);
    expect(clock.now() - beganAtMs).toBeGreaterThanOrEqual(3_800);
    expect(clock.now() - beganAtMs).toBeLessThanOrEqual(5_000);
    expect(most()).toBe(1);
  });

  test("holds for turns that passed while no worker was there, with a few looks", async () => {
    const { app, clock, until, most } = await setUp();
    const startsMs: number[] = [];
    const task = app.task("task", { rateLimit: "6/m" }, () => void startsMs.push(clock.now()));
    const away = app.worker();
    await away.start();
    await task.applyMany(Array.from({ length: 40 }, () => [] as const));
    await clock.advance(2_000);
    await away.stop();
    await clock.advance(600_000);
    await app.worker({ concurrency: 20 }).start();
    await until(() => startsMs.length === 40, 900_000);
    const gaps = startsMs.slice(3).map((atMs, index) => atMs - startsMs[index + 2]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(8_000);
    expect(most()).toBeLessThanOrEqual(4);
  });

  test("lets those run that never come in time, since all slots are taken", async () => {
    const { app, clock, until, most } = await setUp();
    let runs = 0;
    const limited = app.task("limited", { rateLimit: "30/m" }, () => void (runs += 1));
    const long: Task<() => Promise<unknown>> = app.task("long", () => clock.sleep(5_000).then(() => long.delay()));
    await app.worker({ concurrency: 1 }).start();
    await limited.applyMany(Array.from({ length: 10 }, () => [] as const));
    await long.applyMany(Array.from({ length: 20 }, () => [] as const));
    await until(() => runs === 10, 1_000_000);
    expect(most()).toBeLessThanOrEqual(4);
  });
});

test("a call that was begun in time does not expire because its worker stopped", async () => {
  const { app, clock, until, copies } = await setUp();
  let runs = 0;
  const task = app.task("task", { bind: true }, async ({ signal }) => {
    runs += 1;
    if (runs === 1) await clock.sleep(600_000, { signal });
  });
  const { id } = await task.applyAsync([], { expires: "10s" });
  const first = app.worker();
  await first.start();
  await clock.advance(1_000);
  await first.stop({ timeout: 0 });
  await clock.advance(20_000);
  await app.worker().start();
  await until(async () => (await app.result(id).state()) === "SUCCESS");
  expect([runs, copies()]).toEqual([2, 0]);
});
