import { expect, test } from "vitest";
import { drain } from "../cases/drain.ts";
import type { Result } from "./result.ts";
import { summarise } from "./summary.ts";

const benchCase = drain(1, ["sqlite", "memory"]);
const result = (peer: string, rates: readonly number[], isLimit = false): Result => ({
  case: "drain-1",
  peer,
  store: "sqlite",
  isLimit,
  runs: rates.map((perSecond) => ({ perSecond })),
});

test("ratios compare the runs side by side, not the medians", () => {
  // A slow moment of the machine hits both in the second run.
  const results = [result("raw", [100, 10, 100], true), result("ours", [50, 5, 80])];
  expect(summarise(benchCase, results)).toEqual([
    { case: "drain-1", peer: "raw", medians: { perSecond: 100 }, range: [10, 100], ratio: 1 },
    { case: "drain-1", peer: "ours", medians: { perSecond: 50 }, range: [5, 80], ratio: 0.5 },
  ]);
});

test("without its store's limit a peer has no ratio", () => {
  const results = [{ ...result("raw", [100], true), store: "memory" as const }, result("ours", [50])];
  expect(summarise(benchCase, results).map(({ ratio }) => ratio)).toEqual([1, undefined]);
});

test("other cases do not count", () => {
  expect(summarise(benchCase, [{ ...result("ours", [1]), case: "schedule" }])).toEqual([]);
});
