import type { BenchCase } from "../cases/bench-case.ts";
import { median } from "../figures/percentile.ts";
import type { Result } from "../figures/result.ts";
import { figureOf } from "../figures/summary.ts";
import type { Sitting } from "../sittings/sitting.ts";
import type { Target, TargetBase } from "./target.ts";

/** How many pairs of runs a judgement needs. */
export const enoughPairs = 7;
/** A target is met when the median is this near to it: what is nearer is noise. */
const slack = 0.1;

/** How a target was met. */
export interface Judgement {
  readonly target: Target;
  /** The figure that was judged. */
  readonly figure: string;
  /** Median of the ratios of runs side by side, or of the figures. */
  readonly reached: number;
  readonly pairs: number;
  readonly isMet: boolean;
}

/** What is judged. */
export interface Judged {
  readonly cases: readonly BenchCase[];
  /** The newest first. */
  readonly sittings: readonly Sitting[];
}

/** Judges the targets; those that were not measured are left out. */
export function judge(targets: readonly Target[], { cases, sittings }: Judged): readonly Judgement[] {
  return targets.flatMap((target) => {
    const figure = target.figure ?? cases.find(({ name }) => name === target.case)?.headline;
    if (figure === undefined) return [];
    const reached = valuesOf(target, figure, sittings);
    return reached.length === 0 ? [] : judgementOf(target, figure, reached);
  });
}

function judgementOf(target: Target, figure: string, values: readonly number[]): Judgement {
  const { bound, value, everyRun = Number.NEGATIVE_INFINITY } = target;
  const reached = median(values);
  const isNear = bound === "atLeast" ? reached >= value * (1 - slack) : reached <= value * (1 + slack);
  return { target, figure, reached, pairs: values.length, isMet: isNear && Math.min(...values) >= everyRun };
}

/** Run by run, of the newest sitting that has all that it takes. None when there is no such. */
function valuesOf(target: Target, figure: string, sittings: readonly Sitting[]): readonly number[] {
  for (const { startedAt, results } of sittings) {
    const ours = find(results, target.case, target.peer);
    if (ours === undefined) continue;
    if (target.base === "absolute") return figureOf(ours, figure);
    // Another case is another sitting, but of the same run of the bench.
    const besides = sittings.filter((sitting) => sitting.startedAt === startedAt).flatMap((sitting) => sitting.results);
    const theirs = baseOf(target, target.base, { ofSitting: results, ofRun: besides });
    if (theirs !== undefined) return ratiosOf(figureOf(ours, figure), figureOf(theirs, figure));
  }
  return [];
}

interface Besides {
  readonly ofSitting: readonly Result[];
  readonly ofRun: readonly Result[];
}

function baseOf(
  { case: name, peer }: Target,
  base: Exclude<TargetBase, "absolute">,
  { ofSitting, ofRun }: Besides,
): Result | undefined {
  return "peer" in base ? find(ofSitting, name, base.peer) : find(ofRun, base.case, peer);
}

function ratiosOf(values: readonly number[], bases: readonly number[]): readonly number[] {
  const pairs = Math.min(values.length, bases.length);
  return values.slice(0, pairs).map((one, index) => one / (bases[index] ?? Number.NaN));
}

function find(results: readonly Result[], name: string, peer: string): Result | undefined {
  return results.find((result) => result.case === name && result.peer === peer);
}
