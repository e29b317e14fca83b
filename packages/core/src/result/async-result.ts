import type { ResultState } from "@lovage/backend";
import type { Duration } from "@lovage/foundation";

/** How long to wait for a result. */
export interface GetOptions {
  /** @default no limit: until the result is there, `signal` aborts, or the app is closed */
  readonly timeout?: Duration | undefined;
  /** Ends the wait early; `get` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How a call is cancelled. */
export interface CancelOptions {
  /** Tells workers of other languages to end the process that runs the task. Ours abort `task.signal` in either case. @default false */
  readonly terminate?: boolean | undefined;
}

/**
 * What becomes of a call that was sent. A handle: nothing is read before a method is called, and each call reads anew. States of one call that
 * is watched by many handles cost one subscription.
 *
 * A result is kept for `resultExpires` (a day by default); what was never stored, has expired, or was never sent reads alike as `PENDING`.
 */
export interface AsyncResult<Result> {
  /** Id of the call. */
  readonly id: string;
  /**
   * Waits until the task has ended and gives what it returned; `null` where that was `undefined`, which JSON does not have.
   * @throws REMOTE_TASK_FAILED with the name, message and stack of what the task threw
   * @throws RESULT_TIMEOUT when `timeout` has passed; the task itself goes on
   * @throws TASK_REVOKED when the call was cancelled, or had expired
   * @throws RESULT_EXPIRED when this handle has forgotten the result
   * @throws NO_RESULT_BACKEND, at once, when the app has none, or the call was sent with `ignoreResult`
   * @throws CLOSED when the app is closed; OPTION_INVALID
   */
  get(options?: GetOptions): Promise<Result>;
  /** The state last stored; `PENDING` when there is none. @throws NO_RESULT_BACKEND, BACKEND_UNAVAILABLE */
  state(): Promise<ResultState>;
  /** Whether the task has ended: SUCCESS, FAILURE or REVOKED. */
  ready(): Promise<boolean>;
  /** Whether the task has ended with SUCCESS. */
  successful(): Promise<boolean>;
  /** Whether the task has ended with FAILURE. */
  failed(): Promise<boolean>;
  /**
   * What is stored with the state: the value for SUCCESS, the error for FAILURE, RETRY and REVOKED, the data of `updateState` for a state of
   * the user's own; `undefined` when nothing is stored.
   */
  info(): Promise<unknown>;
  /** Removes the result from the backend. Idempotent. */
  forget(): Promise<void>;
  /**
   * Cancels the call: it is not started any more, and when it runs its `task.signal` is aborted. What it then returns is thrown away.
   *
   * Workers that start later learn of it from the result, which is kept for 31 days whatever `resultExpires` says, and until a call with a longer delay is due and for `resultExpires` after
   * that. A handle by id (`app.result(id)`) does not know of that delay.
   * @returns whether it came in time; `false` when the task had ended with a result before
   * @throws NO_RESULT_BACKEND when there is neither a backend nor a broadcast to tell workers by; OPTION_INVALID
   */
  cancel(options?: CancelOptions): Promise<boolean>;
}
