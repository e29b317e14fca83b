import type { PutOutcome, ResultPut, Results } from "@lovage/backend";
import type { Clock, Log } from "@lovage/foundation";
import { keepTrying, unwanted } from "../run/keep-trying.ts";

/** What a writer of results needs. */
export interface ResultWriterOptions {
  readonly results: Results;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all attempts; what was not written by then is not written. */
  readonly signal: AbortSignal;
  /** Called when the backend takes results again after it did not. */
  readonly onRecovery: () => void;
}

/** What became of a record; `unwanted`: it was not written, because the one who gave it has lost the right to. */
export type WriteOutcome = PutOutcome | "unwanted";

interface Waiting {
  readonly put: ResultPut;
  readonly isWanted: () => boolean;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

const maxBatch = 1_000;

/**
 * Writes the results of one worker, in the order given: a lone one at once, those that come meanwhile together in the next write. While the backend is away
 * it tries again for as long as somebody still may write; the worker starts nothing new meanwhile (`isFailing`).
 */
export class ResultWriter {
  readonly #options: ResultWriterOptions;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #isFailing = false;

  constructor(options: ResultWriterOptions) {
    this.#options = options;
  }

  /** The last write failed and is being tried again. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /**
   * Writes a record, however long that takes.
   * @param isWanted Whether the writer may still write: false once its lease is lost.
   * @throws DOCUMENT_TOO_LARGE, CLOSED
   */
  put(put: ResultPut, isWanted: () => boolean): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ put, isWanted, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, maxBatch);
      this.#waiting = this.#waiting.slice(maxBatch);
      await this.#write(batch);
    }
    this.#isWriting = false;
  }

  /** Settles every one of the batch; never rejects. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const { clock, signal } = this.#options;
      const written = await keepTrying(() => this.#attempt(batch), {
        clock,
        signal,
        isWanted: () => batch.some((waiting) => waiting.isWanted()),
        onFailure: (error) => this.#failed(error),
      });
      if (written === unwanted) for (const { resolve } of batch) resolve("unwanted");
      this.#ended(written !== unwanted);
    } catch (error) {
      // One bad record must not take the others with it.
      if (batch.length > 1) for (const waiting of batch) await this.#write([waiting]);
      else this.#refused(batch, error);
    }
  }

  async #attempt(batch: readonly Waiting[]): Promise<void> {
    // Nobody is asked the first time: the fence keeps old deliveries out, and asking is dear.
    const wanted = this.#isFailing ? batch.filter((waiting) => waiting.isWanted()) : batch;
    const outcomes = await this.#options.results.put(wanted.map(({ put }) => put));
    wanted.forEach(({ resolve }, index) => resolve(outcomes[index] ?? "stale"));
    if (wanted === batch) return;
    // Does nothing to those that have their outcome.
    for (const { resolve } of batch) resolve("unwanted");
  }

  /** The backend has answered. */
  #refused(batch: readonly Waiting[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    this.#ended(false);
  }

  #failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.log.warn("Results cannot be written; the worker starts no task until they can.", { error });
  }

  /** Where nothing was written, the next task has to find out whether the backend is back. */
  #ended(isWritten: boolean): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    if (this.#options.signal.aborted) return;
    if (isWritten) this.#options.log.info("Results are written again.");
    this.#options.onRecovery();
  }
}
