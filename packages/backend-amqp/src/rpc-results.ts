import { checkDocuments, ResultKeeper } from "@lovage/backend";
import type {
  PutOutcome,
  ResultPut,
  ResultRecord,
  Results,
  ResultWatch,
  Revocations,
  RevocationsOptions,
} from "@lovage/backend";
import { ClosedError, type Clock, type Log } from "@lovage/foundation";

import type { AddressedPut, ReplySender } from "./reply-sender.ts";

/** What {@link RpcResults} work with. */
export interface RpcResultsOptions {
  /** The queue of this process. */
  readonly replyTo: string;
  readonly sender: ReplySender;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxDocumentBytes: number;
  readonly maxKeptBytes: number;
}

/**
 * Results by message; see {@link Results}. What comes for this process is kept in its memory, by the same rules as in any store; what is for another one goes
 * to its queue, and is judged there.
 */
export class RpcResults implements Results {
  readonly replyTo: string;
  readonly #options: RpcResultsOptions;
  readonly #kept: ResultKeeper;
  readonly #watches = new Set<ResultWatch>();
  #isClosed = false;
  #hasWarned = false;

  constructor(options: RpcResultsOptions) {
    this.replyTo = options.replyTo;
    this.#options = options;
    this.#kept = new ResultKeeper({ maxBytes: options.maxKeptBytes, onDropped: (taskId) => this.#onDropped(taskId) });
  }

  async put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    const { sender, maxDocumentBytes } = this.#options;
    this.#requireOpen();
    checkDocuments(puts, maxDocumentBytes);
    const outcomes = puts.map((put): PutOutcome => (this.#isForHere(put) ? this.keep(put) : "stored"));
    await sender.send(puts.filter((put) => this.#isForAnother(put)));
    return outcomes;
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    this.#requireOpen();
    return taskIds.map((taskId) => this.#kept.get(taskId, this.#options.clock.now()));
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    this.#requireOpen();
    const watch = this.#kept.watch(taskIds, listener, () => this.#options.clock.now());
    this.#watches.add(watch);
    return {
      close: (): void => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    this.#requireOpen();
    for (const taskId of taskIds) this.#kept.forget(taskId);
  }

  async revocations(options: RevocationsOptions = {}): Promise<Revocations> {
    this.#requireOpen();
    return this.#kept.revocations(options, this.#options.clock.now());
  }

  /** Takes in a result that is for this process. */
  keep(put: ResultPut): PutOutcome {
    return this.#kept.put(put, this.#options.clock.now());
  }

  /** @throws CLOSED */
  sweep(): number {
    this.#requireOpen();
    return this.#kept.sweep(this.#options.clock.now());
  }

  /** Ends all watches. */
  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  /** One without an address that holds no delivery is the caller itself, who cancels. */
  #isForHere({ replyTo, fence }: ResultPut): boolean {
    return replyTo === this.replyTo || (replyTo === undefined && fence === null);
  }

  #isForAnother(put: ResultPut): put is AddressedPut {
    return put.replyTo !== undefined && put.replyTo !== this.replyTo;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ClosedError("The rpc backend is closed: open another one to go on.");
  }

  #onDropped(taskId: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { log, maxKeptBytes } = this.#options;
    log.warn(
      "Results that nobody has read or forgotten fill their memory; from now on the oldest are dropped. Forget what is not needed, send it with ignoreResult, or raise maxKeptBytes.",
      { taskId, maxKeptBytes },
    );
  }
}
