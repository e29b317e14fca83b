/** An error as a result holds it (wire format, 7.2). */
export interface TaskException {
  /** Name of its class: `TypeError`, `ValueError`, or one of the user's own. */
  readonly type: string;
  /** What a person is told. */
  readonly message: string;
  /** What the class was constructed with, as JSON; for errors of JavaScript the message alone. */
  readonly args: readonly unknown[];
  /** Where the class lives: `js`, a Python module; `undefined` where nobody said. */
  readonly module: string | undefined;
  /** Stack or traceback, as text. */
  readonly traceback: string | undefined;
}

/**
 * Errors of Lovage's that Celery has as well, and the Python module they are found in there, so that a caller in Python
 * catches what it expects.
 */
export const celeryModules: ReadonlyMap<string, string> = new Map([
  ["TaskRevokedError", "celery.exceptions"],
  ["NotRegistered", "celery.exceptions"],
  ["MaxRetriesExceededError", "celery.exceptions"],
  ["ChordError", "celery.exceptions"],
  ["Retry", "celery.exceptions"],
  ["SoftTimeLimitExceeded", "billiard.exceptions"],
  ["TimeLimitExceeded", "billiard.exceptions"],
  ["WorkerLostError", "billiard.exceptions"],
]);

/** An error that Celery knows, made without throwing one. */
export function celeryException(type: string, message: string): TaskException {
  return {
    type,
    message,
    args: [message],
    module: celeryModules.get(type) ?? "celery.exceptions",
    traceback: undefined,
  };
}

/** The error of a task that was not run: cancelled, too late, or ended by force. */
export function revokedException(reason: "revoked" | "expired" | "terminated"): TaskException {
  return celeryException("TaskRevokedError", reason);
}
