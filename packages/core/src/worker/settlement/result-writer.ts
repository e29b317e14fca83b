import type { BackendUnavailableError, PutOutcome, ResultPut } from "@lovage/backend";
import { hasCode } from "@lovage/foundation";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import { RecordsAside, type RecordsAsideOptions } from "./records-aside.ts";
import type { WaitingRecord, WriteOutcome } from "./waiting-record.ts";

/** What a writer of results needs. */
export interface ResultWriterOptions extends Omit<RecordsAsideOptions, "onRoom"> {
  /** Called when the backend takes results again after it did not. */
  readonly onRecovery: () => void;
}

const maxBatch = 1_000;

/**
 * Writes the results of one worker, in the order given: a lone one at once, those that come meanwhile together in the next write. While the backend is away
 * it tries again for as long as somebody still may write; the worker starts nothing new meanwhile (`isFailing`). Where the backend takes some and not others, as a
 * cluster with a node away, these wait aside, and only records of the same tasks behind them.
 */
export class ResultWriter {
  readonly #options: ResultWriterOptions;
  readonly #aside: RecordsAside;
  #waiting: WaitingRecord[] = [];
  #isWriting = false;
  #isFailing = false;

  constructor(options: ResultWriterOptions) {
    this.#options = options;
    this.#aside = new RecordsAside({ ...options, onRoom: options.onRecovery });
  }

  /** The last write failed as a whole and is being tried again, or too many records wait aside. */
  get isFailing(): boolean {
    return this.#isFailing || this.#aside.isFull;
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

  /** Settles every one of them, or sees them aside; never rejects. */
  async #write(records: readonly WaitingRecord[]): Promise<void> {
    const batch = records.filter((record) => !this.#aside.follow(record));
    if (batch.length === 0) return;
    try {
      const { clock, signal } = this.#options;
      const written = await keepTrying(() => this.#attempt(batch), {
        clock,
        signal,
        isWanted: () => batch.some((waiting) => waiting.isWanted()),
        onFailure: (error) => this.#failed(error),
      });
      if (written === unwanted) for (const { resolve } of batch) resolve("unwanted");
      this.#ended(written === "some");
    } catch (error) {
      // One bad record must not take the others with it.
      if (batch.length > 1) for (const waiting of batch) await this.#write([waiting]);
      else this.#refused(batch, error);
    }
  }

  async #attempt(batch: readonly WaitingRecord[]): Promise<"some" | "none"> {
    // Nobody is asked the first time: the fence keeps old deliveries out, and asking is dear.
    const wanted = this.#isFailing ? batch.filter((waiting) => waiting.isWanted()) : batch;
    const { outcomes, cause } = await this.#put(wanted.map(({ put }) => put));
    for (const [index, waiting] of wanted.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) this.#aside.add(waiting, cause);
      else waiting.resolve(outcome);
    }
    const asked = new Set(wanted);
    for (const waiting of batch) if (!asked.has(waiting)) waiting.resolve("unwanted");
    return outcomes.some((outcome) => outcome !== undefined) ? "some" : "none";
  }

  /** Writes them, or of several those that the backend can take: the outcomes of the others are missing. */
  async #put(
    puts: readonly ResultPut[],
  ): Promise<{ readonly outcomes: readonly (PutOutcome | undefined)[]; readonly cause?: unknown }> {
    try {
      const outcomes = await this.#options.results.put(puts);
      return { outcomes: puts.map((_, index) => outcomes[index] ?? "stale") };
    } catch (cause) {
      const { outcomes } = hasCode(cause, "BACKEND_UNAVAILABLE") ? (cause as BackendUnavailableError) : {};
      if (outcomes === undefined) throw cause;
      return { outcomes, cause };
    }
  }

  /** The backend has answered. */
  #refused(batch: readonly WaitingRecord[], error: unknown): void {
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
