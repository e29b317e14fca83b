import type { HeaderValue } from "@lovage/transport";

/** A task to be called later, as Celery writes it (wire format, 8.1). Plain JSON. */
export interface WireSignature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** The option bag of `apply_async`; `queue` is always in it for tasks of another language. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  /** Takes no result of the task before it. */
  readonly immutable: boolean;
}

/** What follows a task (wire format, 1.3 and section 8). */
export interface CallEmbed {
  /** Each is sent with the result as first argument when the task succeeds. */
  readonly callbacks?: readonly WireSignature[];
  /** Each is sent when the task fails for good. */
  readonly errbacks?: readonly WireSignature[];
  /** The remaining steps in reverse order: the next one is the last element. */
  readonly chain?: readonly WireSignature[];
  /** Body of the chord that this task is a header member of. */
  readonly chord?: WireSignature;
}

/**
 * One call of one task, decoded: everything a message of protocol 2 says, under the runtime's own names. Only the folder
 * `protocol` knows what Celery calls these on the wire. Instants are Unix ms, durations ms.
 */
export interface TaskCall {
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: CallEmbed;
  /** How many retries have happened before this call. */
  readonly retries: number;
  readonly rootId: string;
  readonly parentId?: string;
  readonly groupId?: string;
  readonly groupIndex?: number;
  /** Not before this instant. Ours travel in the broker's delay; this is set for queues that Celery reads, and by Celery. */
  readonly etaMs?: number;
  readonly expiresAtMs?: number;
  readonly timeLimitMs?: number;
  readonly softTimeLimitMs?: number;
  /** `undefined`: as the task's own options say. */
  readonly ignoreResult?: boolean;
  readonly replyTo?: string;
  readonly priority?: number;
  /** Flow for fairness. */
  readonly key?: string;
  /** Name shown instead of the task's own. */
  readonly shadow?: string;
  /** Who sent it: `gen<pid>@<host>` or ours. */
  readonly origin?: string;
  /** Celery's stamps: given by a sender in Python, inherited by what follows. */
  readonly stamps?: Readonly<Record<string, HeaderValue>>;
  /** Headers of the user's own. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
}
