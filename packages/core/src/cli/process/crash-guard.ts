import type { Log } from "@lovage/foundation";
import { currentTask } from "../../app/current-task.ts";

/** What is done about errors that nobody catches. */
export interface CrashGuardOptions {
  readonly log: Log;
  /** Fails the task from whose code the error came; answers whether there is one. */
  readonly failCurrentTask: (error: unknown) => boolean;
  /** The state of the process is not to be trusted any more: it should end soon. */
  readonly onFatal: () => void;
}

/**
 * Takes errors that user code lets escape. Returns what ends it.
 *
 * | error | its task, if it is known | the worker |
 * |---|---|---|
 * | unhandled rejection | fails | goes on |
 * | uncaught exception | fails | finishes what runs, and ends with 1 |
 */
export function guardAgainstCrashes({ log, failCurrentTask, onFatal }: CrashGuardOptions): () => void {
  const fail = (what: string, error: unknown): void => {
    const call = currentTask.getStore();
    const isTask = failCurrentTask(error);
    const origin = call === undefined ? {} : { task: call.task, taskId: call.id };
    log.error(isTask ? `${what} in a task; the task fails` : what, { ...origin, error });
  };
  const onRejection = (reason: unknown): void => fail("unhandled rejection", reason);
  const onException = (error: unknown): void => {
    fail("uncaught exception", error);
    onFatal();
  };
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}
