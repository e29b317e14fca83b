import { expect, test } from "vitest";
import { findCase } from "../cases/cases.ts";
import type { Result } from "./result.ts";
import { summarise } from "./summary.ts";

const benchCase = findCase("drain-1");
const result = (peer: string, rates: readonly number[], isLimit = false): Result => ({
  case: "drain-1",
  peer,
  store: "sqlite",
  isLimit,
  runs: rates.map((perSecond) => ({ perSecond })),
});

test("ratios compare the runs side by side, not the medians", () => {
  // A slow moment of the machine hits both in the second run.
  const results = [result("ours", [50, 5, 80]), result("raw", [100, 10, 100], true)];
  expect(summarise(benchCase, results)).toEqual([
    {
      store: "sqlite",
      base: "raw",
      rows: [
        { peer: "ours", medians: { perSecond: 50 }, range: [5, 80], ratio: 0.5 },
        { peer: "raw", medians: { perSecond: 100 }, range: [10, 100], ratio: 1 },
      ],
    },
  ]);
});

test("stores are apart, and the first peer is the base where the limit was not measured", () => {
  const results = [
    { ...result("raw", [100], true), store: "memory" as const },
    result("ours", [50]),
    result("b", [25]),
  ];
  expect(
    summarise(benchCase, results).map(({ store, base, rows }) => [store, base, rows.map(({ ratio }) => ratio)]),
  ).toEqual([
    ["memory", "raw", [1]],
    ["sqlite", "ours", [1, 0.5]],
  ]);
});

test("other cases do not count", () => {
  expect(summarise(benchCase, [{ ...result("ours", [1]), case: "schedule" }])).toEqual([]);
});
