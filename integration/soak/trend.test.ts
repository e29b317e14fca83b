import { expect, test } from "vitest";
import { hasGrown, trendOf } from "./trend.ts";

const kind = { name: "memory", unit: "MB", tolerance: 10 } as const;

test("warming up and single peaks are no growth", () => {
  const trend = trendOf(kind, [10, 40, 80, 90, 90, 250, 92, 91, 90, 95, 96, 400, 97, 96, 95, 96]);
  expect(trend).toMatchObject({ early: 92, late: 96, samples: 16 });
  expect(hasGrown(trend)).toBe(false);
});

test("what is larger at the end than early on has grown", () => {
  expect(
    hasGrown(
      trendOf(
        kind,
        Array.from({ length: 100 }, (_, index) => index),
      ),
    ),
  ).toBe(true);
});

test("nothing measured is nothing grown", () => {
  const trend = trendOf(kind, []);
  expect(hasGrown(trend)).toBe(false);
  expect(trend.samples).toBe(0);
});
