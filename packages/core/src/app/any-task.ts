import type { AsyncResult } from "../result/async-result.ts";
import type { TaskHandler } from "./task.ts";

/** A task made by `defineTask`, whatever its types. */
export type AnyTask = TaskHandler & {
  readonly name: string;
  delay(...args: never): Promise<AsyncResult<unknown>>;
};
