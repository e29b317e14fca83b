import * as fc from "fast-check";
import { expect, test } from "vitest";

import { backOff } from "./back-off.ts";

test("the wait doubles from the base up to the cap", () => {
  const waits = [0, 1, 2, 3, 4, 5].map((attempt) => backOff({ baseMs: 1_000, maxMs: 10_000, jitter: "none" }, attempt));
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("a factor of one keeps the wait, another factor sets its growth", () => {
  expect(backOff({ baseMs: 100, maxMs: 1_000, factor: 1, jitter: "none" }, 50)).toBe(100);
  expect(backOff({ baseMs: 100, maxMs: 10_000, factor: 3, jitter: "none" }, 2)).toBe(900);
});

test("full jitter takes any part of the wait, equal jitter the upper half", () => {
  const options = { baseMs: 1_000, maxMs: 10_000 };
  expect(backOff({ ...options, jitter: "full" }, 1, () => 0)).toBe(0);
  expect(backOff({ ...options, jitter: "full" }, 1, () => 0.25)).toBe(500);
  expect(backOff({ ...options, jitter: "equal" }, 1, () => 0)).toBe(1_000);
  expect(backOff({ ...options, jitter: "equal" }, 1, () => 0.5)).toBe(1_500);
});

test("the wait stays between zero and the cap for any attempt", () => {
  const number = fc.double({ min: 0, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        baseMs: number,
        maxMs: number,
        factor: fc.double({ min: 1, max: 1e6, noNaN: true }),
        jitter: fc.constantFrom("full" as const, "equal" as const, "none" as const),
      }),
      fc.nat(1_000_000_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (options, attempt, random) => {
        const waitMs = backOff(options, attempt, () => random);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.round(options.maxMs));
      },
    ),
  );
});

test.each([
  [{ baseMs: -1 }, 0, "baseMs"],
  [{ maxMs: Number.NaN }, 0, "maxMs"],
  [{ factor: 0.5 }, 0, "factor"],
  [{}, -1, "attempt"],
  [{}, Number.NaN, "attempt"],
])("%o at attempt %d is refused", (wrong, attempt, field) => {
  const options = { baseMs: 1, maxMs: 10, jitter: "full" as const, ...wrong };
  expect(() => backOff(options, attempt)).toThrow(expect.objectContaining({ code: "OPTION_INVALID", field }));
});
