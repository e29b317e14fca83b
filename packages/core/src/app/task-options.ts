import type { Duration } from "@lovage/foundation";
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** When the message of a task is acknowledged: after it has run (at least once), or before (at most once). */
export type AckMode = "late" | "early";

/** Which failed tasks become dead letters: all that failed for good, only those no worker could run (undecodable, invalid, unknown, poison), or none. */
export type DeadLetterMode = "failed" | "bad" | "never";

/** A class of errors, or a test for one. */
export type ErrorFilter = (abstract new (...args: never[]) => unknown) | ((error: unknown) => boolean);

/** Options of a task that do not depend on its types. Every one can be given again per app (`createApp({ taskDefaults })`). */
export interface TaskOptions {
  /** Queue its calls go to. @default by `routes`, then `defaultQueue` */
  readonly queue?: string;
  /** 0 to 9, 9 the most urgent, where the queue has priorities (RabbitMQ's and SQS's have none by default; a warning says so). @default 0 */
  readonly priority?: number;
  /** Calls are dropped, with a REVOKED result, when not started this long after they were sent, or after their countdown or eta. A retry that would be due later is none: the task has failed. @default never */
  readonly expires?: Duration;
  /** Retries after the first run, for `retryFor` and `task.retry`. @default 3 */
  readonly maxRetries?: number;
  /** Errors that are retried by themselves. @default none: only `task.retry` retries */
  readonly retryFor?: readonly ErrorFilter[] | true;
  /** First wait between two runs; doubled for each retry. @default "1s" */
  readonly retryBackoff?: Duration;
  /** Longest wait. @default "10m" */
  readonly retryBackoffMax?: Duration;
  /** Full jitter: each wait is drawn between 0 and the back-off. @default true */
  readonly retryJitter?: boolean;
  /** Hard limit of one run. @default none */
  readonly timeLimit?: Duration;
  /** `task.signal` is aborted after this long. @default none */
  readonly softTimeLimit?: Duration;
  /** @default "late" */
  readonly ack?: AckMode;
  /** Store no result. @default false */
  readonly ignoreResult?: boolean;
  /** Store STARTED when a run begins. @default false */
  readonly trackStarted?: boolean;
  /** How long results are kept. @default "1d" */
  readonly resultExpires?: Duration;
  /** @default "failed" */
  readonly deadLetter?: DeadLetterMode;
  /** Calls per time, such as `"100/m"`, `"5/s"`, `"1000/h"`; needs a backend with coordination, which all workers of the broker share. @default no limit */
  readonly rateLimit?: string;
  /** Names of the parameters, so that keyword arguments (from Python) find their positions. Others come behind all of these, in one object. */
  readonly parameters?: readonly string[];
}

/** Options of a task whose handler is checked by a schema over its argument array. */
export interface InputOption<Schema extends StandardSchemaV1> {
  /** Standard Schema over the argument array: its input types the call, its output the handler. */
  readonly input: Schema;
}
