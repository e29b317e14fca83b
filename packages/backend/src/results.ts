import type { ResultState } from "./result-state.ts";

/**
 * Which delivery of a task speaks: its number of retries, then `Delivery.fence`. Compared in that order; the larger is the newer.
 */
export type Fence = readonly [attempt: number, delivery: number];

/** A record to store. */
export interface ResultPut {
  readonly taskId: string;
  readonly state: ResultState;
  /** The result document, JSON text in Celery's form (wire format, 7.1). Backends carry it unread. */
  readonly document: string;
  /** `null` for a writer that holds no delivery (a caller that cancels). */
  readonly fence: Fence | null;
  /** Kept for this long after this write. */
  readonly expiresInMs: number;
  /**
   * Where results travel by message: the queue of the one who waits. Such a backend keeps a record without it nowhere, since nobody could read it,
   * unless its writer holds no delivery: that one is the reader itself, who cancels.
   */
  readonly replyTo?: string;
}

/**
 * What became of a record.
 *
 * | outcome | meaning |
 * |---|---|
 * | `stored` | readers see it |
 * | `stale` | refused: a record with a newer fence is there; the writer's lease is long lost |
 * | `final` | refused: SUCCESS or REVOKED is there and stays |
 */
export type PutOutcome = "stored" | "stale" | "final";

/** A stored record. */
export interface ResultRecord {
  readonly taskId: string;
  readonly state: ResultState;
  readonly document: string;
  readonly fence: Fence | null;
}

/** A running watch. */
export interface ResultWatch {
  /** Idempotent, synchronous: no call of the listener begins after it. */
  close(): void;
}

/** One page of revocations. */
export interface Revocations {
  readonly taskIds: readonly string[];
  /** For the next call. */
  readonly cursor: string;
}

/** Which revocations to read. */
export interface RevocationsOptions {
  /** Cursor of the page before; one that is no cursor of this backend begins anew. @default from the oldest kept */
  readonly after?: string;
  /** @default 10_000 */
  readonly limit?: number;
}

/**
 * Task results. All methods may be called in parallel; each is joined with others under way where the store can.
 * All throw `BACKEND_UNAVAILABLE` (retryable) when the store cannot be reached.
 */
export interface Results {
  /** Where results travel by message to the caller (`readers: "caller"`): the queue of this process, which calls name as their reply-to. */
  readonly replyTo?: string;
  /**
   * Stores records, each for itself and atomically: compared with the record there, then written and announced to watchers. Outcomes come
   * in the order given. Where results travel by message, a record for another process is `stored` once it is on its way, and compared when it comes. A record with the fence of the one there replaces it (progress, then the end). An unfenced record replaces any that is not
   * sticky. Idempotent but for the expiry. A store of which a part is away writes the others, and rejects with BACKEND_UNAVAILABLE whose `outcomes` tell which; of several
   * records of one task it writes none behind one that it did not write.
   * @throws OPTION_INVALID for a task id that is empty or has a zero character (U+0000), DOCUMENT_TOO_LARGE; before any I/O, for all of them
   */
  put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]>;
  /**
   * Optional, where the store is a database of the user's: as `put`, in a transaction of theirs, which may be on another database: then nothing is
   * written and it resolves to `undefined`.
   */
  putIn?(transaction: unknown, puts: readonly ResultPut[]): Promise<readonly PutOutcome[] | undefined>;
  /** Records in the order of the ids; `undefined` for those unknown, forgotten or expired. */
  get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]>;
  /**
   * Calls `listener` for each id with the record there, if any, and after each change with the latest record; between two calls states may be
   * skipped, the last never is. Resolves once nothing can be missed any more. Ten thousand ids cost one subscription, not ten thousand.
   * After a broken connection it goes on by itself, reading again what may have been missed. `listener` must not throw.
   */
  watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch>;
  /** Removes records. Unknown ids are passed over. */
  forget(taskIds: readonly string[]): Promise<void>;
  /**
   * Tasks whose record became REVOKED, in order of that moment (those of one `put` in any), as long as the records are kept: how a worker that starts
   * late, or cannot hear broadcasts, learns what not to run.
   */
  revocations(options?: RevocationsOptions): Promise<Revocations>;
}
