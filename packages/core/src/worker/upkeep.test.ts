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
