import type { ResultRecord, Results } from "@lovage/backend";
import { abortable } from "@lovage/foundation";
import type { AppRuntime } from "../app/app-runtime.ts";
import { NoResultBackendError, TimeoutError } from "./errors.ts";
import { ResultWaits } from "./result-waits.ts";
import type { WaitOptions } from "./waiter.ts";

interface Opened {
  readonly results: Results;
  readonly waits: ResultWaits;
}

interface Read {
  readonly taskIds: string[];
  readonly records: Promise<readonly (ResultRecord | undefined)[]>;
}

/** The results of an app as its handles read them: one watch for all who wait, one read for all who ask in the same turn. */
export class ResultSource {
  readonly #runtime: AppRuntime;
  #opened: Opened | undefined;
  #read: Read | undefined;
  #isClosed = false;

  constructor(runtime: AppRuntime) {
    this.#runtime = runtime;
  }

  /** The app from the inside. */
  get runtime(): AppRuntime {
    return this.#runtime;
  }

  /** The results part of the app's backend. @throws NO_RESULT_BACKEND, BACKEND_UNAVAILABLE */
  async results(): Promise<Results> {
    return (this.#opened ?? (await this.#open())).results;
  }

  /** The first final record of a task. @throws RESULT_TIMEOUT, NO_RESULT_BACKEND, BACKEND_UNAVAILABLE, CLOSED, the signal's reason */
  wait(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    return this.#opened?.waits.wait(taskId, options) ?? this.#openAndWait(taskId, options);
  }

  /** What is stored for a task; reads of the same turn are joined into one. @throws NO_RESULT_BACKEND, BACKEND_UNAVAILABLE */
  async read(taskId: string): Promise<ResultRecord | undefined> {
    const read = (this.#read ??= this.#collect());
    const index = read.taskIds.push(taskId) - 1;
    return (await read.records)[index];
  }

  /** Ends all waits with `CLOSED`. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#opened?.waits.close();
  }

  #collect(): Read {
    const taskIds: string[] = [];
    const turnEnds = new Promise<void>((resolve) => process.nextTick(resolve));
    const records = turnEnds.then(async () => {
      this.#read = undefined;
      return (await this.results()).get(taskIds);
    });
    return { taskIds, records };
  }

  /** The time runs while the backend is opened, too. */
  async #openAndWait(taskId: string, { timeoutMs, signal }: WaitOptions): Promise<ResultRecord> {
    const { clock } = this.#runtime;
    const startedAtMs = clock.monotonic();
    const reason = new TimeoutError(taskId, { timeoutMs: timeoutMs ?? Infinity, state: undefined });
    const deadline = clock.deadline(timeoutMs ?? Infinity, { reason });
    const signals = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
    try {
      const { waits } = await abortable(this.#open(), signals);
      const leftMs = timeoutMs === undefined ? undefined : timeoutMs - (clock.monotonic() - startedAtMs);
      return await waits.wait(taskId, { timeoutMs, leftMs, signal });
    } finally {
      deadline.cancel();
    }
  }

  async #open(): Promise<Opened> {
    const backend = await this.#runtime.backend();
    if (backend === undefined) {
      throw new NoResultBackendError(
        `App "${this.#runtime.name}" has no result backend: give createApp a \`backend\`, or set LOVAGE_RESULT_BACKEND.`,
      );
    }
    if (backend.results === undefined) {
      throw new NoResultBackendError(`The backend of app "${this.#runtime.name}" keeps no results: use another one.`);
    }
    const { results, capabilities } = backend;
    const { clock } = this.#runtime;
    this.#opened ??= { results, waits: new ResultWaits(clock, results, capabilities.readers) };
    // Closed while the backend was opened: whoever waited for that is told, like all others.
    if (this.#isClosed) this.#opened.waits.close();
    return this.#opened;
  }
}
