import type { SqliteConnection } from "@lovage/client-sqlite";
import { isSqliteError } from "@lovage/client-sqlite";
import { isLovageError } from "@lovage/foundation";

interface Job {
  /** Synchronous, and may be called again: after a lost race for the lock, or alone. */
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one transaction keeps the lock of the file. */
const maxJobs = 500;

/**
 * Makes one transaction of many calls. A lone call is committed at once; calls made while one is under way are committed together
 * after it, so that waiting for the disk is paid once.
 *
 * | state | a call |
 * |---|---|
 * | idle | is committed before `run` returns, unless another program has the lock |
 * | busy | joins the next transaction |
 */
export class GroupCommit {
  readonly #connection: SqliteConnection;
  readonly #jobs: Job[] = [];
  #isBusy = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** @throws SqliteError (`SQLITE_FAILED`); CLOSED; what `work` throws */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, resolve: resolve as (result: unknown) => void, reject });
      if (!this.#isBusy) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isBusy = true;
    while (this.#jobs.length > 0) {
      await this.#commit(this.#jobs.splice(0, maxJobs));
      // Those whose call has just ended make their next one first, and it joins this round.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#isBusy = false;
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    try {
      const results = await this.#connection.write(() => jobs.map(({ work }) => work()));
      for (const [index, job] of jobs.entries()) job.resolve(results[index]);
    } catch (error) {
      if (jobs.length > 1 && isFaultOfOne(error)) for (const job of jobs) await this.#commit([job]);
      else for (const job of jobs) job.reject(error);
    }
  }
}

/** Whether one call's own values are at fault, rather than the file, which is the same for all. */
function isFaultOfOne(error: unknown): boolean {
  return isSqliteError(error) ? error.kind === "other" : !isLovageError(error);
}
