import { expect, test } from "vitest";
import { cases } from "../cases/cases.ts";
import { peers } from "../peers/peers.ts";
import type { Sitting } from "../sittings/sitting.ts";
import { sittingOf } from "../sittings/test-support/sitting-of.ts";
import { judge } from "./judge.ts";
import { atLeast, beats, within } from "./target.ts";
import { targets } from "./targets.ts";

const runs = (rates: readonly number[]) => rates.map((perSecond) => ({ perSecond, p50Ms: perSecond }));
const drain1 = sittingOf({ ours: runs([60, 6, 48]), theirs: runs([10, 1, 10]) });
const drain4 = sittingOf({ ours: runs([100, 4, 50]) }, { case: "drain-4" });
const verdictsOf = (sittings: readonly Sitting[], ...given: Parameters<typeof judge>[0]) =>
  judge(given, { cases, sittings }).map(({ reached, isMet, pairs }) => [reached, isMet, pairs]);
const verdicts = (...given: Parameters<typeof judge>[0]) => verdictsOf([drain1, drain4], ...given);

test("a target is met when the median of the pairs is within 10 % of it", () => {
  const sixTimes = { case: "drain-1", ...beats("ours", 6, "theirs") };
  expect(verdicts(sixTimes, { ...sixTimes, value: 6.6 }, { ...sixTimes, value: 6.7 })).toEqual([
    [6, true, 3],
    [6, true, 3],
    [6, false, 3],
  ]);
  const less = { case: "drain-1", ...within("ours", 5.5, "theirs"), figure: "p50Ms" };
  expect(verdicts(less, { ...less, value: 5.4 }).map(([, isMet]) => isMet)).toEqual([true, false]);
});

test("a single run can miss it", () => {
  const target = { case: "drain-1", ...atLeast("ours", 40) };
  expect(verdicts(target, { ...target, everyRun: 10 }).map(([, isMet]) => isMet)).toEqual([true, false]);
});

test("a case can be held against another case", () => {
  expect(verdicts({ case: "drain-4", ...atLeast("ours", 1), base: { case: "drain-1" } })).toEqual([
    [1.0416666666666667, true, 3],
  ]);
});

test("no ratio is made of two sittings: the newest that has both peers is judged", () => {
  const sixTimes = { case: "drain-1", ...beats("ours", 6, "theirs") };
  const later = { startedAt: "2026-02-03T00:00:00.000Z" };
  const alone = sittingOf({ ours: runs([1_000]) }, later);
  expect(verdictsOf([alone, drain1], sixTimes)).toEqual([[6, true, 3]]);
  expect(verdictsOf([alone, sittingOf({ theirs: runs([10]) })], sixTimes)).toEqual([]);
  const both = sittingOf({ ours: runs([20]), theirs: runs([10]) }, later);
  expect(verdictsOf([both, drain1], sixTimes)).toEqual([[2, false, 1]]);
});

test("a case is held against another of the same run of the bench only", () => {
  const target = { case: "drain-4", ...atLeast("ours", 1), base: { case: "drain-1" } };
  const later = { ...drain4, startedAt: "2026-02-03T00:00:00.000Z" };
  expect(verdictsOf([later, drain1], target)).toEqual([]);
  expect(verdictsOf([later, drain1, drain4], target)).toHaveLength(1);
});

test("what was not measured is not judged", () => {
  expect(
    verdicts({ case: "drain-1", ...beats("ours", 1, "nobody") }, { case: "backlog", ...atLeast("ours", 1) }),
  ).toEqual([]);
});

function isAsked(name: string, peer: string): boolean {
  return peers.some((one) => one.name === peer && one.isAsked(name));
}

test("every target is about a case and peers that there are", () => {
  const wrong = targets.filter(({ case: name, peer, base }) => {
    if (!cases.some((one) => one.name === name) || !peers.some((one) => one.name === peer)) return true;
    return base !== "absolute" && "peer" in base && !isAsked(name, base.peer);
  });
  expect(wrong).toEqual([]);
});
