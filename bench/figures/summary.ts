import type { BenchCase } from "../cases/bench-case.ts";
import type { Store } from "../peers/store.ts";
import type { Figures } from "./figures.ts";
import { median } from "./percentile.ts";
import type { Result } from "./result.ts";

/** What is printed of one case on one store. */
export interface Summary {
  readonly store: Store;
  /** The peer whose figures are 1: the store's limit, or the first that was asked where that was not. */
  readonly base: string;
  readonly rows: readonly SummaryRow[];
}

/** What is printed of one peer. */
export interface SummaryRow {
  readonly peer: string;
  readonly medians: Figures;
  /** Least and greatest headline figure of the runs. */
  readonly range: readonly [least: number, greatest: number];
  /** Headline figure over that of the base, median of the runs side by side. */
  readonly ratio: number;
}

/** Summarises the results of one case, store by store. */
export function summarise({ name, headline }: BenchCase, results: readonly Result[]): readonly Summary[] {
  const stores = Map.groupBy(
    results.filter((result) => result.case === name),
    ({ store }) => store,
  );
  return [...stores].flatMap(([store, ofStore]) => {
    const base = ofStore.find(({ isLimit }) => isLimit) ?? ofStore[0];
    if (base === undefined) return [];
    return { store, base: base.peer, rows: ofStore.map((result) => rowOf(result, base, headline)) };
  });
}

function rowOf(result: Result, base: Result, headline: string): SummaryRow {
  const headlines = figureOf(result, headline);
  return {
    peer: result.peer,
    medians: mediansOf(result.runs),
    range: [Math.min(...headlines), Math.max(...headlines)],
    ratio: ratioOf(headlines, figureOf(base, headline)),
  };
}

/** One figure of all runs. */
export function figureOf({ runs }: Result, name: string): readonly number[] {
  return runs.map((figures) => figures[name] ?? Number.NaN);
}

/** The median of the ratios of runs side by side. */
export function ratioOf(values: readonly number[], bases: readonly number[]): number {
  return median(values.map((value, index) => value / (bases[index] ?? Number.NaN)));
}

function mediansOf(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(runs.map((figures) => figures[name] ?? Number.NaN))]));
}
