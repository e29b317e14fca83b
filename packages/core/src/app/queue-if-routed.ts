import type { AppRuntime } from "./app-runtime.ts";

/**
 * The queue of a task's calls, for who looks around and sends nothing. What a function for `routes` throws concerns who sends.
 * @returns `undefined` where it threw
 */
export function queueIfRouted({ tasks, log }: Pick<AppRuntime, "log" | "tasks">, task: string): string | undefined {
  try {
    return tasks.queueOf(task);
  } catch (error) {
    log.debug("The queue of a task is not known: `routes` threw.", { task, error });
    return undefined;
  }
}
