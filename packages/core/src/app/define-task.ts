import { createTask } from "./create-task.ts";
import { TaskBindings } from "./task-bindings.ts";
import { declareTask } from "./task-declaration.ts";
import type { TaskFactory } from "./task-factory.ts";

/**
 * A task without an app, for libraries: `createApp({ tasks: [resize] })` binds it. Callable as a function at once; sending it before it is bound is
 * an error (`TASK_UNBOUND`).
 * @throws NAME_INVALID, OPTION_INVALID
 */
export const defineTask: TaskFactory = ((...args: Parameters<typeof declareTask>) => {
  const declaration = declareTask(...args);
  const bindings = new TaskBindings(declaration.name);
  return createTask({ declaration, bindings }, () => bindings.current());
}) as TaskFactory;
