import { hasCode, LovageError } from "@lovage/foundation";

/** When the next run may begin, at the earliest: after a while, or at an instant. */
export type RetryTime = { readonly countdownMs: number } | { readonly etaMs: number };

/** What was asked for with `task.retry`. */
export interface RetryRequestOptions {
  /** @default the task's back-off */
  readonly time?: RetryTime | undefined;
  readonly cause?: unknown;
  /** @default the task's own */
  readonly maxRetries?: number | undefined;
}

/** What `task.retry` makes and a task throws. Code `TASK_RETRY`. */
export class RetryRequest extends LovageError {
  readonly time: RetryTime | undefined;
  readonly maxRetries: number | undefined;

  constructor(task: string, options: RetryRequestOptions) {
    super(`Task "${task}" asks for a retry.`, {
      code: "TASK_RETRY",
      ...("cause" in options ? { cause: options.cause } : {}),
    });
    this.time = options.time;
    this.maxRetries = options.maxRetries;
  }
}

/** Whether a task threw, or returned, what `task.retry` gave it. */
export function isRetryRequest(thrown: unknown): thrown is RetryRequest {
  try {
    return hasCode(thrown, "TASK_RETRY");
  } catch {
    // A proxy or a getter that throws: whatever that is, it is not ours.
    return false;
  }
}
