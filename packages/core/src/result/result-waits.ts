import type { ResultRecord, Results, ResultWatch } from "@lovage/backend";
import { isFinalState } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { backOff, ClosedError, isLovageError } from "@lovage/foundation";
import { Waiter } from "./waiter.ts";
import type { WaiterOwner, WaitOptions } from "./waiter.ts";

/** One task that somebody waits for. */
interface Wait {
  readonly waiters: Waiter[];
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
const waits = { baseMs: 100, maxMs: 2_000, jitter: "equal" } as const;

/**
 * Waits for results: any number of waiters, one watch for all ids that are asked for in the same turn. An id is watched for as long as somebody
 * waits for it.
 */
export class ResultWaits {
  readonly #owner: WaiterOwner;
  readonly #results: Results;
  readonly #waits = new Map<string, Wait>();
  /** Collects ids until the end of the turn. */
  #next: Batch | undefined;
  readonly #closing = new AbortController();

  /** @param readers Who may read them, for errors. */
  constructor(clock: Clock, results: Results, readers: "any" | "caller" = "any") {
    this.#owner = {
      clock,
      readers,
      stateOf: (taskId) => this.#waits.get(taskId)?.state,
      remove: (waiter) => this.#remove(waiter),
    };
    this.#results = results;
  }

  /**
   * The first final record of a task.
   * @throws RESULT_TIMEOUT, CLOSED, the signal's reason; errors of the backend, but for those that may pass
   */
  wait(taskId: string, options: WaitOptions): Promise<ResultRecord> {
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    const waiter = new Waiter(taskId, this.#owner, options);
    const wait = this.#waits.get(taskId) ?? this.#add(taskId);
    wait.waiters.push(waiter);
    return waiter.result;
  }

  /** Rejects all waiters with `CLOSED` and ends all watches. Idempotent. */
  close(): void {
    this.#closing.abort();
    for (const taskId of this.#waits.keys()) for (const waiter of this.#take(taskId)) waiter.reject(closed());
  }

  #add(taskId: string): Wait {
    const wait: Wait = { waiters: [], batch: this.#collect(taskId), state: undefined };
    this.#waits.set(taskId, wait);
    return wait;
  }

  #remove(waiter: Waiter): void {
    const { taskId } = waiter;
    const wait = this.#waits.get(taskId);
    if (wait === undefined) return;
    wait.waiters.splice(wait.waiters.indexOf(waiter), 1);
    if (wait.waiters.length === 0) this.#take(taskId);
  }

  /** Ends the wait for a task and gives those who waited. */
  #take(taskId: string): readonly Waiter[] {
    const wait = this.#waits.get(taskId);
    if (wait === undefined) return [];
    this.#waits.delete(taskId);
    wait.batch.ids.delete(taskId);
    this.#shrink(wait.batch);
    return wait.waiters;
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

  /**
   * Begins to watch a batch. A store that is away is asked again for as long as somebody waits: it is their deadlines that end a wait. Never rejects:
   * what fails for good is told to the waiters.
   */
  async #start(batch: Batch): Promise<void> {
    for (let attempt = 0; batch.ids.size > 0; attempt += 1) {
      batch.size = batch.ids.size;
      try {
        batch.watch = await this.#results.watch([...batch.ids], (record) => this.#onRecord(record));
        this.#shrink(batch);
        break;
      } catch (error) {
        if (isLovageError(error) && error.retryable) await this.#pause(attempt);
        else this.#fail(batch, error as Error);
      }
    }
    batch.replaces?.watch?.close();
    batch.replaces = undefined;
  }

  async #pause(attempt: number): Promise<void> {
    try {
      await this.#owner.clock.sleep(backOff(waits, attempt), { signal: this.#closing.signal });
    } catch {
      // Nobody waits any more: only closing ends this sleep.
    }
  }

  #fail(batch: Batch, error: Error): void {
    for (const id of batch.ids) for (const waiter of this.#take(id)) waiter.reject(error);
  }

  #onRecord(record: ResultRecord): void {
    const wait = this.#waits.get(record.taskId);
    if (wait === undefined) return;
    wait.state = record.state;
    if (!isFinalState(record.state)) return;
    for (const waiter of this.#take(record.taskId)) waiter.resolve(record);
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
