import { expect, test } from "vitest";
import { median, percentile } from "./percentile.ts";

test("a percentile is a value that was measured", () => {
  const values = [40, 10, 30, 20];
  expect(percentile(values, 0.5)).toBe(20);
  expect(percentile(values, 0.51)).toBe(30);
  expect(percentile(values, 0.99)).toBe(40);
  expect(percentile(values, 0)).toBe(10);
  expect(values).toEqual([40, 10, 30, 20]);
});

test("the median of an even number of values is the mean of the middle two", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 9, 5, 3])).toBe(4);
});

test("nothing has neither", () => {
  expect(percentile([], 0.5)).toBeNaN();
  expect(median([])).toBeNaN();
});
