import type { Duration } from "@lovage/foundation";
import type { Headers } from "@lovage/transport";

/** How one call is sent, instead of what the task's own options say. Checked before anything is sent. */
export interface CallOptions {
  /** Not run earlier than this long after the broker has accepted it. Not together with `eta`. @default at once */
  readonly countdown?: Duration | undefined;
  /** Not run before this instant; one that has passed means at once. Not together with `countdown`. */
  readonly eta?: Date | undefined;
  /** @default the task's queue, `routes`, then `defaultQueue` */
  readonly queue?: string | undefined;
  /** 0 to 9, 9 the most urgent, where the queue has priorities; elsewhere a warning says once that it has none. @default the task's priority, then 0 */
  readonly priority?: number | undefined;
  /**
   * The call is dropped, with a REVOKED result, when it has not started by then; a duration counts from when it is sent, as in Celery. A run that
   * is interrupted by the stop of its worker begins again all the same; one whose worker was killed does not. A retry
   * that would be due later is none: the task has failed. @default the task's `expires`, counted from when the call is due, then never
   */
  readonly expires?: Duration | Date | undefined;
  /**
   * Names the call and its result. 1 to 200 bytes of printable text. A call may be sent again with the same id when it is not known whether it was
   * accepted: its result is then that of the first run that succeeds, but it may run twice. @default a random UUID
   */
  readonly taskId?: string | undefined;
  /** Headers of one's own, which the task sees as `task.headers`. Names that begin with `x-lovage-`, and those of the protocol, are taken. */
  readonly headers?: Headers | undefined;
  /** Keyword arguments, for tasks written in Python and for tasks with `parameters`; none of a parameter that has its position in `args`. @default none */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** Store no result of this call. @default the task's `ignoreResult` */
  readonly ignoreResult?: boolean | undefined;
  /** Hard limit of each run. @default the task's `timeLimit` */
  readonly timeLimit?: Duration | undefined;
  /** Soft limit of each run. @default the task's `softTimeLimit` */
  readonly softTimeLimit?: Duration | undefined;
  /** Flow the call belongs to (a tenant, say): flows of a queue take turns where the transport can. At most 200 bytes. */
  readonly key?: string | undefined;
  /** Name shown in logs instead of the task's own. */
  readonly shadow?: string | undefined;
  /**
   * An open transaction of the caller's database, where the transport can write in it: the call is sent if it commits. When the database refuses it, the transaction has failed: roll
   * it back. A conflict with another session (a serialization failure, a deadlock) is thrown as the database's own error, so that what repeats your transaction recognises it.
   * @throws TRANSACTION_UNSUPPORTED when the transport cannot
   */
  readonly transaction?: unknown;
}

/** {@link CallOptions} for many calls at once: without what names a single one. */
export type ManyCallOptions = Omit<CallOptions, "taskId" | "kwargs">;
