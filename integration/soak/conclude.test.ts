import { expect, test } from "vitest";
import { conclude } from "./conclude.ts";
import type { SoakOutcome } from "./run-soak.ts";
import { trendOf } from "./trend.ts";

const outcome: SoakOutcome = {
  accepted: 1_000,
  lost: [],
  doubled: 12,
  interrupted: 8,
  interruptedLimit: 8,
  unrecordedLimit: 4,
  poisoned: 1,
  disturbed: new Map([["worker killed", 1]]),
  refusals: new Map(),
  trends: [],
};

const linesOf = (said: Partial<SoakOutcome>): readonly string[] => conclude("redis", { ...outcome, ...said }).lines;

test("a soak within its limits has held, and says what happened", () => {
  expect(conclude("redis", outcome)).toEqual({
    isHeld: true,
    lines: [
      "disturbed: worker killed 1",
      "told to the producer: nothing",
      "redis: 1000 accepted, 0 lost, 12 run twice (8 interrupted, at most 8), 1 dead letters: held.",
    ],
  });
});

test.each<[fault: string, said: Partial<SoakOutcome>]>([
  ["1 tasks are lost, the first is a", { lost: ["a"] }],
  ["9 runs were interrupted, at most 8 may be", { interrupted: 9 }],
  ["5 tasks that had ended ran again, at most 4 may", { doubled: 13 }],
  [
    "memory has grown from 1.0 to 9.0 MB",
    { trends: [trendOf({ name: "memory", unit: "MB", tolerance: 5 }, [0, 1, 5, 9])] },
  ],
])("%s: that has failed", (fault, said) => {
  expect(conclude("redis", { ...outcome, ...said }).isHeld).toBe(false);
  expect(linesOf(said)).toContain(`FAULT: ${fault}.`);
});

test("what cannot be measured is not called unchanged", () => {
  const trends = [trendOf({ name: "store", unit: "MB", tolerance: 5 }, [])];
  expect(linesOf({ trends })).toContain("store: not measured");
});
