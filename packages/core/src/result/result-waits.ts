import type { ResultRecord, Results, ResultWatch } from "@lovage/backend";
import { isFinalState } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { ClosedError } from "@lovage/foundation";
import { Waiter } from "./waiter.ts";
import type { WaitOptions } from "./waiter.ts";

/** One task that somebody waits for. */
interface Wait {
  readonly waiters: Set<Waiter>;
  batch: Batch;
  state: string | undefined;
}

/** Tasks that are watched by one call of the backend. */
interface Batch {
  /** Those that somebody still waits for. */
  readonly ids: Set<string>;
  /** How many the call was made with; 0 before it, and once another batch takes over. */
  size: number;
  watch: ResultWatch | undefined;
  /** What this batch takes over from, closed once it watches. */
  replaces: Batch | undefined;
}

/** A batch with no more living ids than a quarter is watched anew, so that one slow task does not hold the names of thousands. */
const shrinkAt = 4;
const smallestToShrink = 64;

/**
 * Waits for results: any number of waiters, one watch for all ids that are asked for in the same turn. An id is watched for as long as somebody
 * waits for it.
 */
export class ResultWaits {
  readonly #clock: Clock;
  readonly #results: Results;
  readonly #waits = new Map<string, Wait>();
  /** Collects ids until the end of the turn. */
  #next: Batch | undefined;
  #closed = false;

  constructor(clock: Clock, results: Results) {
    this.#clock = clock;
    this.#results = results;
  }

  /**
   * The first final record of a task.
   * @throws RESULT_TIMEOUT, CLOSED, the signal's reason, BACKEND_UNAVAILABLE
   */
  async wait(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw closed();
    const wait = this.#waits.get(taskId) ?? this.#add(taskId);
    const waiter = new Waiter({
      ...options,
      taskId,
      clock: this.#clock,
      state: () => wait.state,
      onEnd: (ended) => this.#remove(taskId, ended),
    });
    wait.waiters.add(waiter);
    return waiter.result;
  }

  /** Rejects all waiters with `CLOSED` and ends all watches. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { waiters } of this.#waits.values()) for (const waiter of waiters) waiter.reject(closed());
  }

  #add(taskId: string): Wait {
    const wait: Wait = { waiters: new Set(), batch: this.#collect(taskId), state: undefined };
    this.#waits.set(taskId, wait);
    return wait;
  }

  #remove(taskId: string, waiter: Waiter): void {
    const wait = this.#waits.get(taskId);
    if (wait === undefined || !wait.waiters.delete(waiter) || wait.waiters.size > 0) return;
    this.#waits.delete(taskId);
    wait.batch.ids.delete(taskId);
    this.#shrink(wait.batch);
  }

  #collect(taskId: string): Batch {
    if (this.#next === undefined) {
      const batch: Batch = { ids: new Set(), size: 0, watch: undefined, replaces: undefined };
      this.#next = batch;
      process.nextTick(() => {
        this.#next = undefined;
        void this.#start(batch);
      });
    }
    this.#next.ids.add(taskId);
    return this.#next;
  }

  /** Begins to watch a batch. Never rejects: what fails is told to the waiters. */
  async #start(batch: Batch): Promise<void> {
    batch.size = batch.ids.size;
    if (batch.size === 0) return;
    try {
      batch.watch = await this.#results.watch([...batch.ids], (record) => this.#onRecord(record));
      this.#shrink(batch);
    } catch (error) {
      this.#fail(batch, error as Error);
    } finally {
      batch.replaces?.watch?.close();
      batch.replaces = undefined;
    }
  }

  #fail(batch: Batch, error: Error): void {
    for (const id of batch.ids) for (const waiter of this.#waits.get(id)?.waiters ?? []) waiter.reject(error);
  }

  #onRecord(record: ResultRecord): void {
    const wait = this.#waits.get(record.taskId);
    if (wait === undefined) return;
    wait.state = record.state;
    if (!isFinalState(record.state)) return;
    for (const waiter of wait.waiters) waiter.resolve(record);
  }

  /** Ends a batch that nobody waits for, and moves a mostly dead one to a smaller watch. */
  #shrink(batch: Batch): void {
    if (batch.watch === undefined) return;
    if (batch.ids.size === 0) return batch.watch.close();
    if (batch.size < smallestToShrink || batch.ids.size * shrinkAt > batch.size) return;
    const smaller: Batch = { ids: batch.ids, size: 0, watch: undefined, replaces: batch };
    batch.size = 0;
    for (const id of batch.ids) {
      const wait = this.#waits.get(id);
      if (wait !== undefined) wait.batch = smaller;
    }
    void this.#start(smaller);
  }
}

function closed(): ClosedError {
  return new ClosedError("The app is closed: nobody waits for results any more.");
}
