import type { EvidenceRun } from "./evidence.ts";
import type { Figures, Timing } from "./figures.ts";

/** The worst of all runs of one scenario. */
export interface WorstFigures extends Figures {
  /** In how many runs it was measured: a row that is new, or that failed before its end, in fewer than others. */
  readonly runs: number;
}

/** For each scenario of any run the worst figures, in the order of the rows. */
export function worstFigures(runs: readonly EvidenceRun[]): readonly WorstFigures[] {
  const figures = runs.flatMap((run) => run.figures);
  const scenarios = Map.groupBy(figures, ({ row, fault }) => `${row} ${fault.replaceAll(/\d+/gu, "N")}`);
  const worst = [...scenarios.values()].flatMap((each) => worstOf(each));
  return worst.toSorted((a, b) => a.row - b.row || a.fault.localeCompare(b.fault));
}

function worstOf(runs: readonly Figures[]): readonly WorstFigures[] {
  const [first] = runs;
  if (first === undefined) return [];
  const most = (read: (figures: Figures) => number): number => Math.max(...runs.map((one) => read(one)));
  // With the limit of that run: a later form of the suite may have another.
  const { interrupted, interruptedLimit } = runs.reduce((a, b) => (b.interrupted > a.interrupted ? b : a));
  const names = new Set(runs.flatMap(({ timings }) => timings.map(({ name }) => name)));
  return [
    {
      ...first,
      runs: runs.length,
      accepted: Math.min(...runs.map(({ accepted }) => accepted)),
      lost: most(({ lost }) => lost),
      doubled: most(({ doubled }) => doubled),
      interrupted,
      interruptedLimit,
      poisoned: most(({ poisoned = 0 }) => poisoned),
      timings: [...names].map((name) =>
        slowest(runs.flatMap(({ timings }) => timings.filter((one) => one.name === name))),
      ),
    },
  ];
}

function slowest(timings: readonly Timing[]): Timing {
  return timings.reduce((worst, each) => (each.measuredMs > worst.measuredMs ? each : worst));
}
