import { errorText, formatDuration, LovageError } from "@lovage/foundation";

/** The soft time limit has passed: the reason with which `task.signal` is aborted then. Code `SOFT_TIME_LIMIT_EXCEEDED`. */
export class SoftTimeLimitExceeded extends LovageError {
  constructor(task: string, limitMs: number) {
    super(`Task "${task}" has run for its soft time limit of ${formatDuration(limitMs)}. Stop and clean up.`, {
      code: "SOFT_TIME_LIMIT_EXCEEDED",
    });
  }
}

/** The hard time limit has passed: the run is over, whatever its function still does. Code `TIME_LIMIT_EXCEEDED`. */
export class TimeLimitExceeded extends LovageError {
  constructor(task: string, limitMs: number) {
    super(`Task "${task}" did not end within its time limit of ${formatDuration(limitMs)}.`, {
      code: "TIME_LIMIT_EXCEEDED",
    });
  }
}

/** The worker stops and its grace has passed: the reason with which `task.signal` is aborted then. Code `WORKER_SHUTDOWN`. */
export class WorkerShutdownError extends LovageError {
  /** @param isAcknowledged Before it ran (`ack: "early"`): no message of it is left that could be given back. */
  constructor(isAcknowledged: boolean) {
    const then = isAcknowledged
      ? 'The task was acknowledged before it ran (ack: "early"), so it has failed and does not run again.'
      : "The task was given back and will run again elsewhere.";
    super(`The worker stops. ${then}`, { code: "WORKER_SHUTDOWN" });
  }
}

/** A method of the context was called after the run was over. Code `TASK_ENDED`. */
export class TaskEndedError extends LovageError {
  constructor(method: string, { task, id }: { readonly task: string; readonly id: string }) {
    super(
      `${method} was called after task "${task}" (${id}) had ended: its promise was settled, its time limit had passed or its lease was lost. Await all work inside the task.`,
      { code: "TASK_ENDED" },
    );
  }
}

/**
 * The transaction of `task.transaction` was rolled back since the broker failed, or its commit was not heard of: the task is given back and runs again, unless it was committed.
 * Code `TASK_TRANSACTION`.
 */
export class TaskTransactionError extends LovageError {
  constructor(task: string, { cause }: { readonly cause: unknown }) {
    super(
      `The transaction of task "${task}" could not be committed: ${errorText(cause)} The task runs again if it was not.`,
      { code: "TASK_TRANSACTION", retryable: true, cause },
    );
  }
}

/** No worker has known the task for as long as unknown tasks are kept. Code `UNKNOWN_TASK`. */
export class UnknownTaskError extends LovageError {
  constructor(task: string, keptMs: number) {
    super(
      `No worker of this queue has known task "${task}" for ${formatDuration(keptMs)}. Start a worker that has it, then replay the dead letter.`,
      { code: "UNKNOWN_TASK" },
    );
  }
}

/** A worker ended, or lost its lease, while it had the task. Code `WORKER_LOST`. */
export class WorkerLostError extends LovageError {
  constructor(task: string, losses: number) {
    super(`Workers were lost ${losses} times while they had task "${task}".`, { code: "WORKER_LOST" });
  }
}

/** The task was lost with its worker too often to be tried again. Its cause is a {@link WorkerLostError}. Code `POISON_MESSAGE`. */
export class PoisonMessageError extends LovageError {
  constructor(task: string, losses: number) {
    super(
      `Task "${task}" is not run again: ${losses} workers were lost while they had it (WorkerLostError). It may end the process or use up its memory.`,
      { code: "POISON_MESSAGE", cause: new WorkerLostError(task, losses) },
    );
  }
}

/** `task.retry` was called without a cause when no retries were left. Code `MAX_RETRIES_EXCEEDED`. */
export class MaxRetriesExceededError extends LovageError {
  constructor(task: string, maxRetries: number) {
    super(`Task "${task}" asked for another retry after ${maxRetries}, which is its limit (maxRetries).`, {
      code: "MAX_RETRIES_EXCEEDED",
    });
  }
}

/** `task.retry` was called without a cause for a time at which the call has expired. Code `RETRY_TOO_LATE`. */
export class RetryTooLateError extends LovageError {
  constructor(task: string) {
    super(`Task "${task}" asked for a retry at a time at which its call has expired (expires).`, {
      code: "RETRY_TOO_LATE",
    });
  }
}

/** Something that comes after a task cannot be sent. Code `FOLLOW_UP_FAILED`. */
export class FollowUpError extends LovageError {
  constructor(task: string, options: { readonly cause: unknown }) {
    const why = errorText(options.cause);
    super(`Task "${task}" has run, but what comes after it cannot be sent: ${why}`, {
      ...options,
      code: "FOLLOW_UP_FAILED",
    });
  }
}

/**
 * An error escaped the code of a task, in a timer or in a promise that nobody waited for: the reason with which `task.signal` is aborted then.
 * Code `TASK_ERROR_ESCAPED`.
 */
export class EscapedError extends LovageError {
  constructor(task: string, options: { readonly cause: unknown }) {
    super(`An error escaped task "${task}", in a timer or in a promise that nobody waited for; the run has failed.`, {
      ...options,
      code: "TASK_ERROR_ESCAPED",
    });
  }
}
