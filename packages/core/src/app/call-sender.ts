import type { AsyncResult } from "../result/async-result.ts";
import type { CallOptions, ManyCallOptions } from "./call-options.ts";
import type { TaskDeclaration } from "./task-declaration.ts";

type Args = readonly unknown[];

/** What sends the calls of a task: its app. */
export interface CallSender {
  send(task: TaskDeclaration, args: Args, options?: CallOptions): Promise<AsyncResult<unknown>>;
  sendMany(
    task: TaskDeclaration,
    list: readonly Args[],
    options?: ManyCallOptions,
  ): Promise<readonly AsyncResult<unknown>[]>;
}
