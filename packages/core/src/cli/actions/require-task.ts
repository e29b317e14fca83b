import { ConfigurationError, suggestion } from "@lovage/foundation";
import type { App } from "../../app/app.ts";
import { runtimeOf } from "../../app/runtime-of.ts";

/** Refuses a task that the app does not know: the calls of a mistyped name would wait in a queue for nobody. @throws CONFIGURATION_INVALID */
export function requireTask(app: App, task: string): void {
  const { tasks } = runtimeOf(app);
  if (tasks.get(task) !== undefined) return;
  throw new ConfigurationError(
    `App "${app.name}" knows no task "${task}".${suggestion(task, tasks.names())} --force takes it all the same, for a task of another program.`,
  );
}
