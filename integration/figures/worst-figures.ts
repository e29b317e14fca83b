import type { EvidenceRun } from "./evidence.ts";
import type { Figures, Timing } from "./figures.ts";

/** The worst of all runs of one scenario. */
export interface WorstFigures extends Figures {
  /** In how many runs it was measured: a row that is new, or that failed before its end, in fewer than others. */
  readonly runs: number;
}

/** For each scenario of any run on a transport the worst figures, in the order of the rows. Those that a row about one broker alone has taken elsewhere are not its. */
export function worstFigures(transport: string, runs: readonly EvidenceRun[]): readonly WorstFigures[] {
  const figures = runs.flatMap((run) => run.figures).filter(({ broker }) => broker === transport);
  const scenarios = Map.groupBy(figures, ({ row, fault }) => `${row} ${fault.replaceAll(/\d+/gu, "N")}`);
  const worst = [...scenarios.values()].flatMap((each) => worstOf(each));
  return worst.toSorted((a, b) => a.row - b.row || a.fault.localeCompare(b.fault));
}

function worstOf(runs: readonly Figures[]): readonly WorstFigures[] {
  const [first] = runs;
  if (first === undefined) return [];
  const most = (read: (figures: Figures) => number): number => Math.max(...runs.map((one) => read(one)));
  const { row, broker, fault } = first;
  // With the limit of that run: a later form of the suite may have another.
  const { interrupted, interruptedLimit } = runs.reduce((a, b) => (b.interrupted > a.interrupted ? b : a));
  const names = new Set(runs.flatMap(({ timings }) => timings.map(({ name }) => name)));
  return [
    {
      row,
      broker,
      fault,
      runs: runs.length,
      interrupted,
      interruptedLimit,
      accepted: Math.min(...runs.map(({ accepted }) => accepted)),
      ...mostCounted(runs, "lost"),
      ...mostCounted(runs, "doubled"),
      poisoned: most(({ poisoned = 0 }) => poisoned),
      timings: [...names].map((name) =>
        slowest(runs.flatMap(({ timings }) => timings.filter((one) => one.name === name))),
      ),
    },
  ];
}

/** Nothing where one of the runs has not counted it: then it is not known of all. */
function mostCounted(runs: readonly Figures[], name: "lost" | "doubled"): Pick<Figures, typeof name> {
  const counts = runs.flatMap((run) => run[name] ?? []);
  return counts.length === runs.length ? { [name]: Math.max(...counts) } : {};
}

function slowest(timings: readonly Timing[]): Timing {
  return timings.reduce((worst, each) => (each.measuredMs > worst.measuredMs ? each : worst));
}
