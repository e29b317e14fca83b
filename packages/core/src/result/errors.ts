import { formatDuration, LovageError } from "@lovage/foundation";

/** What a failed task has left behind. */
export interface RemoteFailure {
  readonly taskId: string;
  /** Name of the error's class, as its own language has it. */
  readonly name: string;
  readonly message: string;
  /** Module of the class: `js`, `builtins`, a Python package … */
  readonly exceptionModule?: string | undefined;
  /** What the error was made with; Python's `args`. */
  readonly exceptionArgs?: readonly unknown[] | undefined;
  /** Stack or traceback as the worker wrote it. */
  readonly remoteStack?: string | undefined;
}

/**
 * The task failed for good. Has the `name` and `message` of the error that the task threw, and its stack above the one of `get`. Recognise it by
 * its code, `REMOTE_TASK_FAILED`.
 */
export class RemoteTaskError extends LovageError {
  readonly taskId: string;
  /** Name of the error's class where it was thrown; the `name` of this error, too. */
  readonly exceptionName: string;
  /** Module of the error's class: `js`, `builtins`, a Python package …; absent when the worker did not say. */
  readonly exceptionModule: string | undefined;
  /** What the error was made with; Python's `args`. */
  readonly exceptionArgs: readonly unknown[];
  /** Stack or traceback as the worker wrote it; absent when it did not. */
  readonly remoteStack: string | undefined;

  constructor(failure: RemoteFailure) {
    super(failure.message, { code: "REMOTE_TASK_FAILED" });
    this.taskId = failure.taskId;
    this.exceptionName = failure.name;
    this.exceptionModule = failure.exceptionModule;
    this.exceptionArgs = failure.exceptionArgs ?? [failure.message];
    this.remoteStack = failure.remoteStack;
    const here = (this.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
    const there = failure.remoteStack ?? `${failure.name}: ${this.message}`;
    this.stack = [there, `    -- in task ${failure.taskId}, received --`, ...here].join("\n");
  }

  /** Name of the error's class where it was thrown. */
  override get name(): string {
    // Asked for by the platform before the constructor has set it.
    return this.exceptionName ?? "RemoteTaskError";
  }
}

/** What a wait has seen until its time was over. */
export interface ResultWait {
  readonly timeoutMs: number;
  /** The last one; `undefined` without any. */
  readonly state: string | undefined;
  /** Who may read results of this backend. @default "any" */
  readonly readers?: "any" | "caller";
}

const unseen = {
  any: "Nothing is stored for it: no worker has finished it, its result has expired or was not kept, or there is no such task",
  caller:
    "Nothing has come for it: no worker has finished it, its result has expired, or another process sent it, which alone gets the result (the backend is rpc)",
} as const;

/** `get` waited as long as it was allowed to; the task itself goes on. Code `RESULT_TIMEOUT`. */
export class TimeoutError extends LovageError {
  readonly taskId: string;
  constructor(taskId: string, waited: ResultWait) {
    const { timeoutMs, state, readers } = waited;
    const seen = state === undefined ? unseen[readers ?? "any"] : `Its state is ${state}`;
    super(`Task ${taskId} has no result after ${formatDuration(timeoutMs)}. ${seen}.`, {
      code: "RESULT_TIMEOUT",
      retryable: true,
    });
    this.taskId = taskId;
  }
}

/** There is no backend to read results from, or this call stores none. Code `NO_RESULT_BACKEND`. */
export class NoResultBackendError extends LovageError {
  constructor(message: string) {
    super(message, { code: "NO_RESULT_BACKEND" });
  }
}

/** The call was cancelled, or had expired, before it ended. Code `TASK_REVOKED`. */
export class TaskRevokedError extends LovageError {
  readonly taskId: string;
  /** `revoked`, `expired` or `terminated`, or what another program wrote. */
  readonly reason: string;
  constructor(taskId: string, reason: string = "revoked") {
    super(`Task ${taskId} was not run to its end: ${reason}.`, { code: "TASK_REVOKED" });
    this.taskId = taskId;
    this.reason = reason;
  }
}

/** This handle has forgotten the result. One that has expired reads as if it had never been: `get` waits for it. Code `RESULT_EXPIRED`. */
export class ResultExpiredError extends LovageError {
  readonly taskId: string;
  constructor(taskId: string) {
    super(`The result of task ${taskId} was forgotten by this handle: ask for it before \`forget\`.`, {
      code: "RESULT_EXPIRED",
    });
    this.taskId = taskId;
  }
}
