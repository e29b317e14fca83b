import { virtualClock, type Clock } from "@lovage/foundation";
import { expect, test } from "vitest";
import { StandstillWatch } from "./standstill-watch.ts";

test("an event loop that turns is no standstill", async () => {
  const clock = virtualClock();
  const watch = new StandstillWatch(clock, 10_000);
  await clock.advance(60_000);
  expect(watch.count).toBe(0);
  watch.close();
  expect(clock.pending).toBe(0);
});

test("time that went by without a timer is one, whoever looks first, and is counted once", async () => {
  const clock = virtualClock();
  let stoodStillMs = 0;
  const timer: Clock["timer"] = (...args) => clock.timer(...args);
  const watch = new StandstillWatch({ timer, monotonic: () => clock.monotonic() + stoodStillMs }, 10_000);
  stoodStillMs += 9_999;
  expect(watch.count).toBe(0);
  stoodStillMs += 10_000;
  expect(watch.count).toBe(1);
  await clock.advance(60_000);
  expect(watch.count).toBe(1);
  stoodStillMs += 20_000;
  await clock.advance(5_000);
  expect(watch.count).toBe(2);
  watch.close();
});
