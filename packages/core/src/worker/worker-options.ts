import { hostname } from "node:os";
import { checkName, OptionError, quoteValue } from "@lovage/foundation";
import { checkInteger, checkKnown } from "../app/check-option.ts";
import type { RuntimeSettings, TaskRegistry } from "../app/app-runtime.ts";
import type { Outcome } from "./run/outcome.ts";

/** A call that a worker runs. */
export interface ObservedTask {
  readonly id: string;
  /** Name of the task. */
  readonly task: string;
  /** Retries before this run. */
  readonly retries: number;
}

/** What happens in a worker, for whoever looks on. Functions are called synchronously; what they throw is told in the log. */
export interface WorkerListener {
  /** The function of a task is about to run. */
  onTaskStarted?(call: ObservedTask): void;
  /** A run is over, whether its function ran or not; it is still to be recorded. */
  onTaskEnded?(call: ObservedTask, outcome: Outcome["kind"]): void;
  /** As many functions as there are slots have gone on for 5 s after their runs had ended: the worker takes nothing more and wants its process to be replaced. */
  onExhausted?(): void;
}

/** How a worker works. */
export interface WorkerOptions {
  /** Queues to take tasks from. @default every queue that tasks with a handler are routed to; the default queue if there are none */
  readonly queues?: readonly string[] | undefined;
  /** Tasks to run at once, 1 to 10 000. @default the app's `concurrency`, 10 */
  readonly concurrency?: number | undefined;
  /** Messages to hold per queue, those that run included, 1 to 100 000. @default the app's `prefetch`, "auto": about a second of work, from 2 x concurrency (on RabbitMQ and SQS the concurrency) to 1 000 */
  readonly prefetch?: number | "auto" | undefined;
  /** Where functions run. @default "async", in this process and thread; there are no others yet */
  readonly pool?: "async" | undefined;
  /**
   * Where leases are renewed: on the event loop, or from a helper thread, which keeps them while a task blocks the loop. Holds if this worker is the
   * first to need the app's connection. @default "loop"
   */
  readonly renewal?: "loop" | "thread" | undefined;
  /** Name of this worker in logs, results and commands. @default `lovage@` and the host's name */
  readonly name?: string | undefined;
  readonly listener?: WorkerListener | undefined;
}

/** {@link WorkerOptions}, checked, with the app's defaults. */
export interface ResolvedWorkerOptions {
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly prefetch: number | "auto";
  readonly renewal: "loop" | "thread";
  readonly name: string;
  readonly listener: WorkerListener;
}

const mostTasks = 10_000;
const mostMessages = 100_000;
const known: readonly string[] = ["queues", "concurrency", "prefetch", "pool", "renewal", "name", "listener"];

/** Refuses what no worker can be made of. @throws OPTION_INVALID, NAME_INVALID */
export function checkWorkerOptions(options: WorkerOptions): void {
  checkKnown(options, "worker", known);
  const { queues, concurrency, prefetch, pool, renewal, name, listener } = options;
  if (queues !== undefined) checkQueues(queues);
  if (concurrency !== undefined) checkInteger(concurrency, "concurrency", { min: 1, max: mostTasks });
  if (prefetch !== undefined && prefetch !== "auto") checkInteger(prefetch, "prefetch", { min: 1, max: mostMessages });
  if (pool !== undefined && pool !== "async") {
    throw new OptionError(
      `pool must be "async"; ${quoteValue(pool)} is not there yet. Start several processes instead (--processes).`,
      {
        field: "pool",
      },
    );
  }
  if (renewal !== undefined && renewal !== "loop" && renewal !== "thread") {
    throw new OptionError(`renewal must be "loop" or "thread"; it is ${quoteValue(renewal)}.`, { field: "renewal" });
  }
  if (name !== undefined) checkName(name, { kind: "worker" });
  if (listener !== undefined) checkListener(listener);
}

/** Fills in what the app says, once it is ready. */
export function resolveWorkerOptions(
  options: WorkerOptions,
  { settings, tasks }: { readonly settings: RuntimeSettings; readonly tasks: TaskRegistry },
): ResolvedWorkerOptions {
  return {
    queues: [...new Set(options.queues ?? tasks.queues())],
    concurrency: options.concurrency ?? settings.concurrency,
    prefetch: options.prefetch ?? settings.prefetch,
    renewal: options.renewal ?? "loop",
    name: options.name ?? `lovage@${hostname()}`,
    listener: options.listener ?? {},
  };
}

/** Called first when a task runs, what is no function would then be an error in the log of each. */
function checkListener(listener: unknown): void {
  if (typeof listener !== "object" || listener === null) {
    throw new OptionError(`listener must be an object with functions; it is ${quoteValue(listener)}.`, {
      field: "listener",
    });
  }
  for (const name of ["onTaskStarted", "onTaskEnded", "onExhausted"]) {
    const value: unknown = Reflect.get(listener, name);
    if (value === undefined || typeof value === "function") continue;
    throw new OptionError(`${name} of a worker's listener must be a function; it is ${quoteValue(value)}.`, {
      field: `listener.${name}`,
    });
  }
}

function checkQueues(queues: unknown): void {
  if (!Array.isArray(queues) || queues.length === 0) {
    throw new OptionError(`queues must be an array of at least one name; it is ${quoteValue(queues)}.`, {
      field: "queues",
    });
  }
  for (const queue of queues) checkName(queue, { kind: "queue" });
}
