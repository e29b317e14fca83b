import { readFile } from "node:fs";

import * as fc from "fast-check";
import { expect, test, vi } from "vitest";

import { systemClock } from "./system-clock.ts";
import { virtualClock } from "./virtual-clock.ts";

const dayMs = 86_400_000;

test("time stands still until it is advanced", async () => {
  const clock = virtualClock({ nowMs: 1_000 });
  expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
  await clock.advance(250);
  expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  expect(virtualClock().now()).toBe(Date.parse("2026-01-01T00:00:00Z"));
});

test("timers run in the order of their due times, ties in the order of their creation", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const ran: string[] = [];
  const note = (name: string) => (): void => void ran.push(`${name}@${clock.now()}`);
  clock.timer(20, note("c"));
  clock.timer(10, note("a"));
  clock.timer(20, note("d"));
  clock.timer(10, note("b"));
  clock.timer(21, note("late"));
  await clock.advance(20);
  expect(ran).toEqual(["a@10", "b@10", "c@20", "d@20"]);
  expect([clock.now(), clock.pending]).toEqual([20, 1]);
});

test("a timer that is started by a timer runs in the same advance when it is due", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const ran: number[] = [];
  const again = (): void => {
    ran.push(clock.now());
    clock.timer(10, again);
  };
  clock.timer(10, again);
  await clock.advance(35);
  expect(ran).toEqual([10, 20, 30]);
});

test("a delay of zero or less runs with the next advance, not at once", async () => {
  const clock = virtualClock();
  const fired = vi.fn<() => void>();
  clock.timer(0, fired);
  clock.timer(-5, fired);
  expect(fired).not.toHaveBeenCalled();
  await clock.advance(0);
  expect(fired).toHaveBeenCalledTimes(2);
});

test("what a timer awakens is done before the next instant", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const steps: string[] = [];
  const worker = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await clock.sleep(10);
      for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`worker@${clock.now()}`);
    }
  };
  const done = worker();
  for (const at of [11, 21, 31]) clock.timer(at, () => void steps.push(`timer@${clock.now()}`));
  await clock.advance(31);
  await done;
  expect(steps).toEqual(["worker@10", "timer@11", "worker@20", "timer@21", "worker@30", "timer@31"]);
});

test("microtasks of one timer run before the next timer of the same instant", async () => {
  const clock = virtualClock();
  const steps: string[] = [];
  const task = async (name: string): Promise<void> => {
    await clock.sleep(5);
    steps.push(`${name} starts`);
    await Promise.resolve();
    steps.push(`${name} ends`);
  };
  const tasks = [task("a"), task("b")];
  await clock.advance(5);
  await Promise.all(tasks);
  expect(steps).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});

test("work that was started before the advance can set its timers first", async () => {
  const clock = virtualClock();
  const done = (async () => {
    await Promise.resolve();
    await clock.sleep(10);
    return clock.monotonic();
  })();
  await clock.advance(10);
  await expect(done).resolves.toBe(10);
});

test("a cancelled timer does not run and is not pending", async () => {
  const clock = virtualClock();
  const fired = vi.fn<() => void>();
  const timer = clock.timer(10, fired);
  clock.timer(5, () => timer.cancel());
  expect(clock.pending).toBe(2);
  await clock.advance(10);
  timer.cancel();
  expect(fired).not.toHaveBeenCalled();
  expect(clock.pending).toBe(0);
});

test("sleeps and deadlines end by the virtual time, or by their signal", async () => {
  const clock = virtualClock();
  const deadline = clock.deadline(1_000);
  const sleep = clock.sleep(dayMs, { signal: deadline.signal });
  const ended = sleep.catch((error: unknown) => error);
  await clock.advance(999);
  expect(deadline.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(await ended).toMatchObject({ code: "DEADLINE_EXCEEDED", message: "Not done after 1s." });
  expect(clock.pending).toBe(0);
});

test("an infinite delay is never pending", async () => {
  const clock = virtualClock();
  const timer = clock.timer(Infinity, () => {});
  expect(clock.pending).toBe(0);
  timer.cancel();
  await expect(clock.advanceToNext()).resolves.toBe(false);
});

test("advanceToNext runs one instant and tells whether there was one", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const fired = vi.fn<() => void>();
  for (const ms of [10, 10, 20]) clock.timer(ms, fired);
  await expect(clock.advanceToNext()).resolves.toBe(true);
  expect([clock.now(), fired.mock.calls.length]).toEqual([10, 2]);
  await expect(clock.advanceToNext()).resolves.toBe(true);
  await expect(clock.advanceToNext()).resolves.toBe(false);
  expect(clock.now()).toBe(20);
});

test("runAll goes on until nothing is pending", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const done = (async () => {
    for (let round = 0; round < 100; round += 1) await clock.sleep(dayMs);
  })();
  await clock.runAll({ maxInstants: 100 });
  await done;
  expect(clock.now()).toBe(100 * dayMs);
});

test("code that never comes to rest is an error, not an endless loop", async () => {
  const clock = virtualClock();
  const repeat = (ms: number) => (): void => void clock.timer(ms, repeat(ms));
  repeat(1)();
  await expect(clock.runAll({ maxInstants: 50 })).rejects.toMatchObject({ code: "CLOCK_RUNAWAY" });
  repeat(0)();
  await expect(clock.advance(1)).rejects.toMatchObject({ code: "CLOCK_RUNAWAY" });
});

test("an error of a callback ends the advance at that instant, and the clock can go on", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const fired = vi.fn<() => void>();
  clock.timer(10, () => {
    throw new Error("boom");
  });
  clock.timer(20, fired);
  await expect(clock.advance(100)).rejects.toThrow("boom");
  expect(clock.now()).toBe(10);
  await clock.advance(10);
  expect(fired).toHaveBeenCalledOnce();
});

test("two advances at once are refused", async () => {
  const clock = virtualClock();
  const first = clock.advance(10);
  await expect(clock.advance(10)).rejects.toMatchObject({ code: "CLOCK_ADVANCING" });
  await first;
  expect(clock.monotonic()).toBe(10);
});

test("a delay that is no number is refused", async () => {
  const clock = virtualClock();
  expect(() => clock.timer(Number.NaN, () => {})).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  await expect(clock.sleep(Number.NaN)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(clock.advance(Number.NaN)).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("an I/O callback that is already queued runs before time moves", async () => {
  const clock = virtualClock({ nowMs: 0 });
  const { promise: read, resolve } = Promise.withResolvers<number>();
  readFile(new URL(import.meta.url), () => resolve(clock.now()));
  const blockedUntil = systemClock.monotonic() + 50;
  // Blocks the loop until the file has surely been read by the pool.
  while (systemClock.monotonic() < blockedUntil);
  await clock.advance(1);
  expect(clock.now()).toBe(1);
  expect(await read).toBeLessThanOrEqual(1);
});

test("ten years with a timer for each day take no time", async () => {
  const clock = virtualClock({ nowMs: 0 });
  let runs = 0;
  const daily = (): void => {
    runs += 1;
    clock.timer(dayMs, daily);
  };
  clock.timer(dayMs, daily);
  for (let year = 1; year <= 10; year += 1) clock.timer(year * 365 * dayMs, () => {});
  // Were every moment of them visited, the test would run into its timeout.
  await clock.advance(3_650 * dayMs);
  expect(runs).toBe(3_650);
});

test("it runs under the fake timers of a test runner too", async () => {
  vi.useFakeTimers();
  try {
    const clock = virtualClock();
    const sleep = clock.sleep(1_000);
    await clock.advance(1_000);
    await expect(sleep).resolves.toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

test("any set of timers and cancellations runs in order and repeats exactly", async () => {
  const step = fc.record({ ms: fc.nat(50), nested: fc.nat(20), isCancelled: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const ran = await run(steps);
      expect(ran).toHaveLength(steps.filter(({ isCancelled }) => !isCancelled).length * 2);
      expect(ran.map(([at]) => at)).toEqual(ran.map(([at]) => at).toSorted((a = 0, b = 0) => a - b));
      expect(await run(steps)).toEqual(ran);
    }),
    { numRuns: 50 },
  );
});

async function run(steps: readonly { ms: number; nested: number; isCancelled: boolean }[]): Promise<number[][]> {
  const clock = virtualClock({ nowMs: 0 });
  const ran: number[][] = [];
  for (const [index, { ms, nested, isCancelled }] of steps.entries()) {
    const timer = clock.timer(ms, () => {
      ran.push([clock.now(), index]);
      clock.timer(nested, () => void ran.push([clock.now(), index]));
    });
    if (isCancelled) timer.cancel();
  }
  await clock.advance(100);
  expect(clock.pending).toBe(0);
  return ran;
}
