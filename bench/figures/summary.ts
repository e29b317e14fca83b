import type { BenchCase } from "../cases/bench-case.ts";
import type { Figures } from "./figures.ts";
import { median } from "./percentile.ts";
import type { Result } from "./result.ts";

/** What is printed of one case on one peer. */
export interface Summary {
  readonly case: string;
  readonly peer: string;
  readonly medians: Figures;
  /** Least and greatest headline figure of the runs. */
  readonly range: readonly [least: number, greatest: number];
  /** Headline figure over that of the store's limit, median of the runs side by side; `undefined` where the limit was not measured. */
  readonly ratio: number | undefined;
}

/** Summarises the results of one case. */
export function summarise({ name, headline }: BenchCase, results: readonly Result[]): readonly Summary[] {
  const ofCase = results.filter((result) => result.case === name);
  return ofCase.map((result) => {
    const limit = ofCase.find(({ store, isLimit }) => isLimit && store === result.store);
    const headlines = headlinesOf(result, headline);
    return {
      case: name,
      peer: result.peer,
      medians: mediansOf(result.runs),
      range: [Math.min(...headlines), Math.max(...headlines)],
      ratio: limit === undefined ? undefined : ratioOf(headlines, headlinesOf(limit, headline)),
    };
  });
}

function headlinesOf({ runs }: Result, headline: string): readonly number[] {
  return runs.map((figures) => figures[headline] ?? Number.NaN);
}

function mediansOf(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(runs.map((figures) => figures[name] ?? Number.NaN))]));
}

function ratioOf(values: readonly number[], limits: readonly number[]): number {
  return median(values.map((value, index) => value / (limits[index] ?? Number.NaN)));
}
