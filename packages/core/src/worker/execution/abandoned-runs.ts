import type { Clock } from "@lovage/foundation";
import type { TaskRun } from "../run/task-run.ts";

/** A function that obeys its signal may clean up for so long; one that goes on for longer does not obey. */
const cleanUpMs = 5_000;

/** Runs that have ended while their functions go on. */
export class AbandonedRuns {
  readonly #clock: Clock;
  /** When each has ended, by the monotonic clock. */
  readonly #endedAtMs = new Map<TaskRun, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#endedAtMs.size;
  }

  /** How many go on for longer than cleaning up takes. */
  get stuck(): number {
    const latestMs = this.#clock.monotonic() - cleanUpMs;
    let count = 0;
    for (const endedAtMs of this.#endedAtMs.values()) if (endedAtMs <= latestMs) count += 1;
    return count;
  }

  add(run: TaskRun): void {
    this.#endedAtMs.set(run, this.#clock.monotonic());
  }

  /** The function has returned at last. */
  delete(run: TaskRun): void {
    this.#endedAtMs.delete(run);
  }
}
