import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { every } from "../schedule/every.ts";
import type { MissedPolicy } from "../definition/schedule-options.ts";
import { nextTick, planTicks } from "./plan-ticks.ts";
import { tickJitterMs, tickMemoryMs, tickTaskId } from "./tick.ts";
import { readTick, writeTick } from "./tick-mark.ts";

const tick = { app: "shop", schedule: "nightly", instantMs: 1_767_225_600_000 };

const count = (missed: MissedPolicy): number => {
  if (typeof missed === "object") return missed.all;
  return missed === "latest" ? 1 : 0;
};

describe("a tick", () => {
  test("has one id, wherever it is computed, and no other tick has it", () => {
    expect(tickTaskId(tick)).toBe(tickTaskId({ ...tick }));
    expect(tickTaskId(tick)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const others = [
      { ...tick, app: "shop2" },
      { ...tick, schedule: "nightly2" },
      { ...tick, instantMs: tick.instantMs + 1 },
      { ...tick, app: "shopnightly", schedule: "" },
    ];
    expect(new Set([tick, ...others].map((each) => tickTaskId(each))).size).toBe(5);
  });

  test("is put off by less than the jitter, always by the same", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 86_400_000 }), (instantMs, jitterMs) => {
        const delay = tickJitterMs({ ...tick, instantMs }, jitterMs);
        expect(delay).toBe(tickJitterMs({ ...tick, instantMs }, jitterMs));
        expect(delay >= 0 && delay < jitterMs).toBe(true);
      }),
    );
    expect(tickJitterMs(tick, 0)).toBe(0);
  });

  test("is remembered for a day at least, and 31 days at most", () => {
    const [hour, day] = [3_600_000, 86_400_000];
    expect([1_000, hour, day, Infinity].map((gapMs) => tickMemoryMs(gapMs) / day)).toEqual([1, 31, 31, 31]);
  });

  test("a mark that is none is none", () => {
    expect(readTick(writeTick({ attempt: "a", keepMs: 5 }))).toEqual({ attempt: "a", keepMs: 5 });
    const bad = [undefined, 5, null, "", "a", "a b", "a 5 6", `${"a".repeat(65)} 5`, "a -5", ["a 5"]];
    for (const value of bad) expect(readTick({ "x-lovage-tick": value as string })).toBeUndefined();
  });
});

describe("the plan", () => {
  const policy: fc.Arbitrary<MissedPolicy> = fc.oneof(
    fc.constantFrom("skip" as const, "latest" as const),
    fc.integer({ min: 1, max: 50 }).map((all) => ({ all })),
  );

  test("leaves out nothing but what the policy says, and gives nothing twice", () => {
    const input = fc.record({
      intervalMs: fc.integer({ min: 100, max: 100_000 }),
      doneMs: fc.nat(1e9),
      awayMs: fc.nat(2e5),
      missed: policy,
    });
    fc.assert(
      fc.property(input, ({ intervalMs, doneMs, awayMs, missed }) => {
        const nowMs = doneMs + awayMs;
        const timing = {
          schedule: every(intervalMs),
          missed,
          overlap: "allow",
          startMs: undefined,
          endMs: undefined,
          maxRuns: undefined,
        } as const;
        const { instants, skippedToMs } = planTicks(
          timing,
          { doneMs, runs: 0 },
          { nowMs, missedAfterMs: 30_000, wasTried: false },
        );
        const due: number[] = [];
        for (let atMs = timing.schedule.next(doneMs)!; atMs <= nowMs; atMs = timing.schedule.next(atMs)!)
          due.push(atMs);
        const isMissed = due.length > 0 && due[0]! < nowMs - 30_000;
        expect(instants).toEqual(isMissed ? due.slice(due.length - Math.min(due.length, count(missed))) : due);
        expect(skippedToMs).toBe(isMissed && missed === "skip" ? nowMs : undefined);
      }),
    );
  });

  test("holds the limits of the schedule", () => {
    const timing = {
      schedule: every(1_000),
      missed: "latest",
      overlap: "allow",
      startMs: 5_000,
      endMs: 8_000,
      maxRuns: 3,
    } as const;
    const plan = (doneMs: number, runs: number, nowMs: number): readonly number[] =>
      planTicks(timing, { doneMs, runs }, { nowMs, missedAfterMs: 30_000, wasTried: false }).instants;
    expect(plan(0, 0, 4_999)).toEqual([]);
    expect(plan(0, 0, 6_000)).toEqual([5_000, 6_000]);
    expect(plan(6_000, 2, 7_000)).toEqual([7_000]);
    expect(plan(7_000, 3, 8_000)).toEqual([]);
    expect(plan(8_000, 1, 20_000)).toEqual([]);
    expect(nextTick(timing, { doneMs: 0, runs: 0 })).toBe(5_000);
    expect(nextTick(timing, { doneMs: 8_000, runs: 1 })).toBeUndefined();
  });

  test("makes up for the latest at least of those that a beat has tried, whatever the policy", () => {
    const timing = {
      schedule: every(1_000),
      overlap: "allow",
      startMs: undefined,
      endMs: undefined,
      maxRuns: undefined,
    } as const;
    const time = { nowMs: 100_500, missedAfterMs: 30_000, wasTried: true };
    const plan = (missed: MissedPolicy): readonly number[] =>
      planTicks({ ...timing, missed }, { doneMs: 0, runs: 0 }, time).instants;
    expect([plan("skip"), plan("latest")]).toEqual([[100_000], [100_000]]);
    expect(plan({ all: 2 })).toEqual([99_000, 100_000]);
  });

  test("of ticks that wait for the same run one is enough", () => {
    const timing = {
      schedule: every(1_000),
      missed: { all: 9 },
      overlap: "queue",
      startMs: undefined,
      endMs: undefined,
      maxRuns: undefined,
    } as const;
    const plan = planTicks(timing, { doneMs: 0, runs: 0 }, { nowMs: 10_000, missedAfterMs: 30_000, wasTried: false });
    expect(plan.instants).toEqual([10_000]);
  });
});
