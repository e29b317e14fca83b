import type { Results } from "@lovage/backend";
import { FailureNews, rest, type Clock, type Log } from "@lovage/foundation";
import { keepTrying, unwanted, type Retrying } from "../run/keep-trying.ts";
import type { WaitingRecord } from "./waiting-record.ts";

/** What {@link RecordsAside} work with. */
export interface RecordsAsideOptions {
  readonly results: Results;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all attempts; what was not written by then is not written. */
  readonly signal: AbortSignal;
  /** Counts those that are tried again. */
  readonly retrying: Retrying;
  /** Called when there is room for more after there was none. */
  readonly onRoom: () => void;
}

/** More than a worker has in flight, but for tasks that are acknowledged before they run: these are kept from gathering without end. */
const most = 1_000;
const firstPauseMs = 100;
const failureText =
  "Results of some tasks cannot be written; they are tried again, and the worker goes on with the others.";

/** Records that the backend cannot take while it takes others, each tried again for as long as it is wanted. Those of one task keep their order. */
export class RecordsAside {
  readonly #options: RecordsAsideOptions;
  readonly #byTask = new Map<string, WaitingRecord[]>();
  readonly #failures: FailureNews;

  constructor(options: RecordsAsideOptions) {
    this.#options = options;
    this.#failures = new FailureNews(options.log, failureText);
  }

  /** So many wait that there are not to be more. */
  get isFull(): boolean {
    return this.#byTask.size >= most;
  }

  /** Takes a record of a task of which one waits here. @returns whether there is one */
  follow(record: WaitingRecord): boolean {
    return this.#byTask.get(record.put.taskId)?.push(record) !== undefined;
  }

  /** Takes one that was not written. */
  add(record: WaitingRecord, cause: unknown): void {
    this.#failures.failed(cause);
    if (this.follow(record)) return;
    const line = [record];
    this.#byTask.set(record.put.taskId, line);
    void this.#writeAll(line, record.put.taskId);
  }

  /** Never rejects. */
  async #writeAll(line: WaitingRecord[], taskId: string): Promise<void> {
    const { clock, signal, onRoom } = this.#options;
    await rest(clock, firstPauseMs, signal);
    for (let next = line[0]; next !== undefined; next = line[0]) {
      await this.#write(next);
      line.shift();
    }
    const wasFull = this.isFull;
    this.#byTask.delete(taskId);
    if (this.#byTask.size === 0) this.#failures.succeeded();
    if (wasFull && !this.isFull && !signal.aborted) onRoom();
  }

  async #write({ put, isWanted, resolve, reject }: WaitingRecord): Promise<void> {
    const { results, clock, signal, retrying } = this.#options;
    const onFailure = (error: unknown): void => this.#failures.failed(error);
    try {
      const outcomes = await keepTrying(() => results.put([put]), { clock, signal, isWanted, onFailure, retrying });
      resolve(outcomes === unwanted ? "unwanted" : (outcomes[0] ?? "stale"));
    } catch (error) {
      reject(error);
    }
  }
}
