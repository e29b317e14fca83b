import type { Duration, Log } from "@lovage/foundation";
import type { HeaderValue } from "@lovage/transport";

/** How `task.retry` retries. */
export interface RetryOptions {
  /** Wait before the next run. @default the task's back-off */
  readonly countdown?: Duration;
  /** Next run not before this instant; instead of `countdown`. */
  readonly eta?: Date;
  /** What went wrong; recorded with the RETRY state, and thrown by `get` when no retries are left. */
  readonly cause?: unknown;
  /** For this call, instead of the task's own `maxRetries`. */
  readonly maxRetries?: number;
}

/** This delivery of the message. */
export interface DeliveryInfo {
  readonly queue: string;
  /** 1 for a message never lost, one more after each loss. */
  readonly count: number;
  readonly redelivered: boolean;
  /** Names this delivery and no other; for fencing writes of one's own. */
  readonly token: string;
}

/**
 * What a bound task (`bind: true`) knows of its own run. After the run has ended, or its hard time limit has passed, all methods throw
 * `TASK_ENDED`.
 */
export interface TaskContext {
  readonly id: string;
  readonly name: string;
  /** Retries before this run. */
  readonly retries: number;
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly delivery: DeliveryInfo;
  /** Aborted at the soft time limit, on cancel, when the lease is lost, and when the worker must stop. Its reason is an error with a `code`. */
  readonly signal: AbortSignal;
  /** Log that names the task and its id in every line. */
  readonly log: Log;
  /**
   * Stores a state of the user's own with some data, which readers see as `state` and `info`. Nothing happens for tasks without a result.
   * @throws LEASE_LOST when another worker has the task by now
   */
  updateState(state: string, info?: unknown): Promise<void>;
  /**
   * The last act of a task: runs `work` in a transaction of the broker's database, and commits with it the end of the task. The rows that `work` writes, what comes after the
   * task, its result (where it is kept in the same database) and the acknowledgement are there all or not at all, so `work` has its effect exactly once. What it gives is
   * the result of the task; what the task does afterwards is not waited for.
   *
   * `work` is given a client of the database's library in an open transaction (`pg` with postgres:), which it must not end, and which is to be READ COMMITTED; calls made with
   * `applyAsync(args, { transaction: client })` commit with it. When it throws, all is rolled back and the error is thrown on. When the database fails, also in the midst of the
   * work, whatever that throws then, or another worker has the task by now, `TASK_TRANSACTION` is thrown: let it through, and the task runs again if nothing was committed, with
   * growing pauses and ten times in a row at most; then it is a failed attempt like any other.
   * @throws TRANSPORT_REJECTED: the database refused the commit, for a deferred constraint say, or because `work` has hidden the error of a statement.
   * All is rolled back; `retryFor` decides what comes of the task
   * @throws FEATURE_UNSUPPORTED with a broker that is no database, for members of chords, and with `ack: "early"`
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- how the caller annotates the client decides it
  transaction<T, Client = unknown>(work: (client: Client) => Promise<T>): Promise<T>;
  /** An error to throw: `throw task.retry(...)`. The run counts as a retry, whatever `retryFor` says. */
  retry(options?: RetryOptions): Error;
}
