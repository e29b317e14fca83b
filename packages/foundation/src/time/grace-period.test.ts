import { describe, expect, test } from "vitest";
import { GracePeriod } from "./grace-period.ts";
import { virtualClock } from "./virtual-clock.ts";

const watched = (period: GracePeriod): { isOver: boolean } => {
  const state = { isOver: false };
  void period.over.then(() => (state.isOver = true));
  return state;
};

describe("a grace period", () => {
  test("is over when the work has ended, and leaves no timer", async () => {
    const clock = virtualClock();
    const period = new GracePeriod(clock);
    const state = watched(period);
    period.limit(5_000);
    await clock.advance(4_999);
    expect(state.isOver).toBe(false);
    period.end();
    period.limit(1_000);
    await period.over;
    expect(clock.pending).toBe(0);
  });

  test("is over with its grace", async () => {
    const clock = virtualClock();
    const period = new GracePeriod(clock);
    const state = watched(period);
    period.limit(5_000);
    await clock.advance(5_000);
    expect(state.isOver).toBe(true);
  });

  test("may be shortened, and not prolonged", async () => {
    const clock = virtualClock();
    const period = new GracePeriod(clock);
    const state = watched(period);
    for (const graceMs of [5_000, 1_000, 9_000]) period.limit(graceMs);
    await clock.advance(1_000);
    expect(state.isOver).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("of nothing is over at once", async () => {
    const clock = virtualClock();
    const period = new GracePeriod(clock);
    period.limit(60_000);
    period.limit(0);
    await period.over;
    expect(clock.pending).toBe(0);
  });
});
