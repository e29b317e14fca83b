import type { TaskCount } from "./worker-metrics.ts";

/** What a task that the app does not know counts as: names come from outside, and each would be a time series. */
const unknownTask = "(unknown)";

/** Counts how runs ended, by task and outcome. Holds at most one number for each known task and outcome. */
export class TaskCounters {
  readonly #isKnown: (task: string) => boolean;
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(isKnown: (task: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /** One run has ended. */
  add(task: string, outcome: string): void {
    const name = this.#isKnown(task) ? task : unknownTask;
    let outcomes = this.#counts.get(name);
    if (outcomes === undefined) this.#counts.set(name, (outcomes = new Map<string, number>()));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  /** The counts so far, in order of task and outcome. */
  read(): readonly TaskCount[] {
    const counts = [...this.#counts].flatMap(([task, outcomes]) =>
      [...outcomes].map(([outcome, count]) => ({ task, outcome, count })),
    );
    return counts.toSorted((a, b) => compare(a.task, b.task) || compare(a.outcome, b.outcome));
  }
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
