import type { ImmutableSignatureFactory, SignatureFactory } from "../canvas/signature-factory.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { Received } from "../result/received.ts";
import type { ApplyOptions } from "./apply-options.ts";
import type { CallOptions, ManyCallOptions } from "./call-options.ts";

/** Any function that can be a task. */
export type TaskHandler = (...args: never[]) => unknown;

/** What can be done with a task beside calling its function. `Args` are the arguments of a call, `Result` what comes of what the task returns in the end. */
export interface TaskCalls<Args extends readonly unknown[], Result> {
  /** Name of the task, the same in every process and language that sends or runs it. */
  readonly name: string;
  /**
   * Sends a call, with the options of the task and the arguments as they are now, whatever is changed in them later. Resolves once the broker has
   * accepted it.
   * @throws PAYLOAD_INVALID, PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE before any I/O; TASK_UNBOUND; what `publish` of the transport throws
   */
  delay(...args: Args): Promise<AsyncResult<Result>>;
  /**
   * Sends a call with options of its own.
   * @throws OPTION_INVALID, NAME_INVALID before any I/O; and as `delay`
   */
  applyAsync(args: Readonly<Args>, options?: ApplyOptions<Result>): Promise<AsyncResult<Result>>;
  /** With keyword arguments, which may stand for positions. */
  applyAsync(
    args: Readonly<Partial<Args>>,
    options: ApplyOptions<Result> & Required<Pick<CallOptions, "kwargs">>,
  ): Promise<AsyncResult<Result>>;
  /**
   * Sends many calls as one batch; results in the order of the arguments. Every call is checked before the first is sent.
   * @throws PUBLISH_FAILED, naming those that were not accepted; and as `applyAsync`
   */
  applyMany(argsList: readonly Readonly<Args>[], options?: ManyCallOptions): Promise<readonly AsyncResult<Result>[]>;
  /**
   * A call to be sent later, as a part of a workflow or by itself, with the arguments as they are now: all, or the last ones. Those before come from
   * the step before it.
   */
  readonly s: SignatureFactory<Args, Result>;
  /** As `s` with all arguments, taking nothing from the step before it. */
  readonly si: ImmutableSignatureFactory<Args, Result>;
}

/**
 * A task: its function, callable as it is (`await add(1, 2)` runs it here and now, without a queue), and ways to have it run by a worker, which
 * give {@link Received} of what it returns.
 */
export type Task<Handler extends TaskHandler> = Handler &
  TaskCalls<Parameters<Handler>, Received<Awaited<ReturnType<Handler>>>>;
