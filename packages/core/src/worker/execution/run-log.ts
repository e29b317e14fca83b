import type { Log } from "@lovage/foundation";
import { describeError } from "../../protocol/describe-error.ts";
import type { Outcome } from "../run/outcome.ts";
import type { TaskRun } from "../run/task-run.ts";

/** Writes one line for each thing that happens to a task. */
export class RunLog {
  readonly #log: Log;
  #lost = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  started({ call, delivery }: TaskRun): void {
    this.#log.debug("Task started.", {
      task: call.task,
      taskId: call.id,
      queue: delivery.queue,
      retries: call.retries,
    });
  }

  ended(run: TaskRun, outcome: Outcome): void {
    const { call, runtimeMs } = run;
    // By far the most frequent, and often not written: not a step more than it needs.
    if (outcome.kind === "success")
      return this.#log.info("Task succeeded.", { task: call.task, taskId: call.id, runtimeMs: rounded(runtimeMs) });
    const fields: Record<string, unknown> = { task: call.task, taskId: call.id };
    switch (outcome.kind) {
      case "retry":
        return this.#log.info("Task will be retried.", {
          ...fields,
          retries: call.retries,
          ...outcome.time,
          ...shown(outcome.error),
        });
      case "failure":
        return this.#log.error("Task failed.", {
          ...fields,
          reason: outcome.reason,
          runtimeMs: rounded(runtimeMs),
          ...shown(outcome.error),
        });
      case "revoked":
        return this.#log.info("Task was not run to its end.", { ...fields, reason: outcome.reason });
      case "repeated":
        return this.#log.info("Task had succeeded before; it was not run again.", fields);
      case "duplicate":
        return this.#log.info("Another message of the same tick or call is run; this one is not.", fields);
      case "postponed":
        return this.#postponed({ ...fields, delayMs: outcome.delayMs }, outcome.error);
      case "dropped":
        return this.#dropped(fields, outcome.why);
    }
  }

  abandoned({ call }: TaskRun): void {
    this.#log.warn("The function of a task goes on after its run has ended; what it returns is thrown away.", {
      task: call.task,
      taskId: call.id,
    });
  }

  #postponed(fields: Readonly<Record<string, unknown>>, error: unknown): void {
    if (error === undefined) return this.#log.debug("Task was given back for later.", fields);
    this.#log.warn("Task could not end and was given back; it runs again.", { ...fields, ...shown(error) });
  }

  /** After a broken connection there are thousands: the first is told, then how many there were. */
  #dropped(fields: Record<string, unknown>, why: string): void {
    this.#lost += 1;
    if (this.#lost === 1) this.#log.warn(`The end of a task is not recorded: ${why}.`, fields);
  }

  /** Called now and then. */
  tellLost(): void {
    if (this.#lost > 1)
      this.#log.warn(`The ends of ${this.#lost} tasks were not recorded: other deliveries of them speak, or will.`);
    this.#lost = 0;
  }
}

/** What a task threw may be anything, and not fit for a logger. */
function shown(thrown: unknown): { readonly error: string; readonly stack: string | undefined } {
  const { type, message, traceback } = describeError(thrown);
  return { error: `${type}: ${message}`, stack: traceback };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
