import type { Connection } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { queueIfRouted } from "../app/queue-if-routed.ts";

/**
 * Tells an operator of tasks whose priority their queue disregards.
 * @param queues Those that the worker reads, declared before.
 */
export function warnOfPriorities(runtime: AppRuntime, connection: Connection, queues: readonly string[]): void {
  const { tasks, priorityWarnings } = runtime;
  for (const task of tasks.names()) {
    const { run, options } = tasks.get(task) ?? {};
    const queue = run === undefined ? undefined : queueIfRouted(runtime, task);
    if (queue === undefined || !queues.includes(queue)) continue;
    priorityWarnings.check(connection, { queue, task, priority: options?.priority });
  }
}
