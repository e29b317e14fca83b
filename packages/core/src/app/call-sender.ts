import type { CanvasSender } from "../canvas/canvas-sender.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { ApplyOptions } from "./apply-options.ts";
import type { ManyCallOptions } from "./call-options.ts";
import type { TaskDeclaration } from "./task-declaration.ts";

type Args = readonly unknown[];

/** What sends the calls of a task: its app. */
export interface CallSender {
  /** What workflows of the tasks go through. */
  readonly canvas: CanvasSender;
  send(task: TaskDeclaration, args: Args, options?: ApplyOptions<unknown>): Promise<AsyncResult<unknown>>;
  sendMany(
    task: TaskDeclaration,
    list: readonly Args[],
    options?: ManyCallOptions,
  ): Promise<readonly AsyncResult<unknown>[]>;
}
