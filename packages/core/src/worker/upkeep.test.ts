import type { Backend } from "@lovage/backend";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { Upkeep } from "./upkeep.ts";

/** Records that have expired, of which each sweep removes 500 at most. */
class Expired {
  left = 0;
  sweeps = 0;

  async sweep(): Promise<number> {
    const removed = Math.min(this.left, 500);
    this.left -= removed;
    this.sweeps += 1;
    return removed;
  }
}

function startOver(clock: VirtualClock, expired: Expired): void {
  const upkeep = new Upkeep({
    clock,
    log: silentLog,
    backend: expired as unknown as Backend,
    everySecond: () => {},
    isBusy: () => true,
    readRevocations: async () => {},
    refreshClock: async () => {},
  });
  upkeep.start();
  onTestFinished(() => upkeep.stop());
}

test("more expires than one round removes, and all of it is removed", async () => {
  const [clock, expired] = [virtualClock(), new Expired()];
  startOver(clock, expired);
  for (let minute = 0; minute < 10; minute += 1) {
    expired.left += 60_000;
    await clock.advance(60_000);
  }
  await clock.advance(60_000);
  expect(expired.left).toBe(0);
});

test("what little expires is removed once a minute, not every second", async () => {
  const [clock, expired] = [virtualClock(), new Expired()];
  startOver(clock, expired);
  for (let second = 0; second < 600; second += 1) {
    expired.left += 10;
    await clock.advance(1_000);
  }
  expect(expired.left).toBeLessThan(600);
  expect(expired.sweeps).toBeLessThan(40);
});

test("a worker with nothing to do wakes up every 5 s, and every second from when something comes", async () => {
  const clock = virtualClock();
  const at: Record<string, number[]> = { everySecond: [], revocations: [], clock: [] };
  const note = (what: string): void => void at[what]?.push(clock.monotonic() / 1_000);
  let isBusy = false;
  const upkeep = new Upkeep({
    clock,
    log: silentLog,
    backend: undefined,
    everySecond: () => note("everySecond"),
    isBusy: () => isBusy,
    readRevocations: async () => note("revocations"),
    refreshClock: async () => note("clock"),
  });
  upkeep.start();
  await clock.advance(11_500);
  expect(at["everySecond"]).toEqual([5, 10]);
  isBusy = true;
  upkeep.wake();
  upkeep.wake();
  await clock.advance(3_000);
  expect(at["everySecond"]).toEqual([5, 10, 12.5, 13.5, 14.5]);
  isBusy = false;
  await clock.advance(17_500);
  expect(at["everySecond"]?.slice(5)).toEqual([15, 20, 25, 30]);
  expect(at["revocations"]).toEqual([5, 10, 15, 20, 25, 30]);
  expect(at["clock"]).toEqual(at["revocations"]);
  await upkeep.stop();
  upkeep.wake();
  expect(clock.pending).toBe(0);
});
