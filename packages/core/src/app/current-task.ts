import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskCall } from "../protocol/task-call.ts";

/** The call that is running, for whatever its handler calls: tasks sent from inside a task inherit its root and name it as their parent. */
export const currentTask: AsyncLocalStorage<TaskCall> = new AsyncLocalStorage<TaskCall>();
