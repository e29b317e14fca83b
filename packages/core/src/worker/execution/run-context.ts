import { OptionError, parseDuration, quoteValue } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { Headers } from "@lovage/transport";
import { checkKnown } from "../../app/check-option.ts";
import type { WorkInTransaction } from "../settlement/complete-in-transaction.ts";
import { TaskEndedError } from "../run/errors.ts";
import type { ProgressWriter } from "../settlement/progress-writer.ts";
import { RetryRequest } from "../run/retry-request.ts";
import type { RetryTime } from "../run/retry-request.ts";
import type { DeliveryInfo, RetryOptions, TaskContext } from "../run/task-context.ts";
import { unmarked } from "../run/task-marks.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What contexts share. */
export interface RunContextParts {
  readonly log: Log;
  readonly progress: ProgressWriter;
  /** See {@link TaskContext.transaction}. */
  transact<T>(run: TaskRun, work: WorkInTransaction<T>): Promise<T>;
}

const maxRetriesEver = 1_000_000;

/** The context of one run: reads through to the run, so that making one costs next to nothing. */
export class RunContext implements TaskContext {
  readonly #run: TaskRun;
  readonly #parts: RunContextParts;
  #log: Log | undefined;

  constructor(run: TaskRun, parts: RunContextParts) {
    this.#run = run;
    this.#parts = parts;
  }

  get id(): string {
    return this.#run.call.id;
  }

  get name(): string {
    return this.#run.call.task;
  }

  get retries(): number {
    return this.#run.call.retries;
  }

  get rootId(): string {
    return this.#run.call.rootId;
  }

  get parentId(): string | undefined {
    return this.#run.call.parentId;
  }

  get groupId(): string | undefined {
    return this.#run.call.groupId;
  }

  get headers(): Headers {
    return unmarked(this.#run.call.headers);
  }

  get delivery(): DeliveryInfo {
    const { queue, count, redelivered, token } = this.#run.delivery;
    return { queue, count, redelivered, token };
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get log(): Log {
    const { task, id: taskId } = this.#run.call;
    return (this.#log ??= this.#parts.log.child({ task, taskId }));
  }

  async updateState(state: string, info?: unknown): Promise<void> {
    this.#requireRunning("updateState");
    await this.#parts.progress.write(this.#run, state, info);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the context has it
  async transaction<T, Client = unknown>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#requireRunning("transaction");
    if (typeof work !== "function") {
      throw new OptionError(`task.transaction takes a function; it is ${quoteValue(work)}.`, { field: "work" });
    }
    return await this.#parts.transact(this.#run, (client) => work(client as Client));
  }

  retry(options: RetryOptions = {}): Error {
    this.#requireRunning("retry");
    checkKnown(options, "task.retry", ["countdown", "eta", "cause", "maxRetries"]);
    return new RetryRequest(this.name, {
      time: readTime(options),
      maxRetries: readMaxRetries(options.maxRetries),
      ...("cause" in options ? { cause: options.cause } : {}),
    });
  }

  #requireRunning(method: string): void {
    if (this.#run.isEnded || this.#run.isComplete) throw new TaskEndedError(method, this.#run.call);
  }
}

function readTime({ countdown, eta }: RetryOptions): RetryTime | undefined {
  if (countdown !== undefined && eta !== undefined) {
    throw new OptionError("task.retry takes a countdown or an eta, not both.", { field: "countdown" });
  }
  if (countdown !== undefined) return { countdownMs: parseDuration(countdown, { field: "countdown" }) };
  if (eta === undefined) return undefined;
  const etaMs = eta instanceof Date ? eta.getTime() : Number.NaN;
  if (!Number.isNaN(etaMs)) return { etaMs };
  throw new OptionError(`eta must be a valid Date; it is ${quoteValue(eta)}.`, { field: "eta" });
}

function readMaxRetries(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maxRetriesEver) return value;
  throw new OptionError(`maxRetries must be a whole number from 0 to ${maxRetriesEver}; it is ${quoteValue(value)}.`, {
    field: "maxRetries",
  });
}
