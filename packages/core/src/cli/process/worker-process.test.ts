import { silentLog, virtualClock } from "@lovage/foundation";
import type { VirtualClock } from "@lovage/foundation";
import { beforeEach, expect, test } from "vitest";
import { WorkerProcess } from "./worker-process.ts";

/** A worker that starts and ends when a test says so. */
class FakeWorker {
  readonly stops: unknown[] = [];
  readonly starting = Promise.withResolvers<void>();
  readonly ending = Promise.withResolvers<void>();
  readonly closed = this.ending.promise;

  start(): Promise<void> {
    return this.starting.promise;
  }

  stop(options?: { readonly timeout?: unknown }): Promise<void> {
    this.stops.push(options?.timeout);
    return this.closed;
  }
}

let clock: VirtualClock;
let worker: FakeWorker;
let exits: number[];
let happened: string[];
let local: WorkerProcess;
let ended: Promise<number>;

beforeEach(() => {
  clock = virtualClock();
  worker = new FakeWorker();
  exits = [];
  happened = [];
  local = new WorkerProcess({
    worker,
    clock,
    log: silentLog,
    graceMs: 25_000,
    close: async () => void happened.push("closed"),
    exit: (code) => exits.push(code),
  });
  ended = local.run(() => happened.push("started"));
});

test("one that is told to stop ends with 0 once all has ended", async () => {
  worker.starting.resolve();
  await clock.advance(0);
  local.stop();
  expect(worker.stops).toEqual([25_000]);
  worker.ending.resolve();
  expect(await ended).toBe(0);
  expect(happened).toEqual(["started", "closed"]);
  expect([clock.pending, exits]).toEqual([0, []]);
});

test("a second stop changes nothing, a grace of its own counts", async () => {
  worker.starting.resolve();
  local.stop(1_000);
  local.stop(2_000);
  worker.ending.resolve();
  expect(await ended).toBe(0);
  expect(worker.stops).toEqual([1_000]);
});

test("one that does not end within the grace and five seconds is ended with 1", async () => {
  worker.starting.resolve();
  local.stop(1_000);
  await clock.advance(5_999);
  expect(exits).toEqual([]);
  await clock.advance(1);
  expect(exits).toEqual([1]);
});

test("leaving gives everything back and ends with 1", async () => {
  worker.starting.resolve();
  local.stop();
  local.leave();
  expect(worker.stops).toEqual([25_000, 0]);
  worker.ending.resolve();
  expect(await ended).toBe(1);
  expect([clock.pending, exits]).toEqual([0, []]);
});

test("leaving takes half a second, whatever the broker does", async () => {
  worker.starting.resolve();
  local.leave();
  await clock.advance(400);
  expect(exits).toEqual([1]);
});

test("one that fails finishes what runs and ends with 1", async () => {
  worker.starting.resolve();
  local.fail();
  local.fail();
  expect(worker.stops).toEqual([25_000]);
  worker.ending.resolve();
  expect(await ended).toBe(1);
});

test("one that stops by itself ends with 0", async () => {
  worker.starting.resolve();
  worker.ending.resolve();
  expect(await ended).toBe(0);
});

test("what keeps it from starting is thrown, and everything is closed", async () => {
  // As a worker does: it is closed before its start rejects.
  worker.ending.resolve();
  worker.starting.reject(new Error("no broker"));
  await expect(ended).rejects.toThrow("no broker");
  expect(happened).toEqual(["closed"]);
});

test("one that is told to stop while it starts ends with 0, started or not", async () => {
  local.stop();
  worker.ending.resolve();
  worker.starting.reject(new Error("was stopped"));
  expect(await ended).toBe(0);
  expect(happened).toEqual(["closed"]);
});
