import { hostname } from "node:os";
import { checkName, OptionError, quoteValue } from "@lovage/foundation";
import { checkInteger } from "../app/check-option.ts";
import type { RuntimeSettings, TaskRegistry } from "../app/app-runtime.ts";
import type { Outcome } from "./outcome.ts";

/** A call that a worker runs. */
export interface ObservedTask {
  readonly id: string;
  /** Name of the task. */
  readonly task: string;
  /** Retries before this run. */
  readonly retries: number;
}

/** What happens in a worker, for whoever looks on. Functions are called synchronously and must not throw. */
export interface WorkerListener {
  /** The function of a task is about to run. */
  onTaskStarted?(call: ObservedTask): void;
  /** A run is over, whether its function ran or not; it is still to be recorded. */
  onTaskEnded?(call: ObservedTask, outcome: Outcome["kind"]): void;
  /** Functions that go on after their time limit fill all slots: the worker takes nothing more and wants its process to be replaced. */
  onExhausted?(): void;
}

/** How a worker works. */
export interface WorkerOptions {
  /** Queues to take tasks from. @default every queue that the app's tasks name, and the default queue */
  readonly queues?: readonly string[] | undefined;
  /** Tasks to run at once, 1 to 10 000. @default the app's `concurrency`, 10 */
  readonly concurrency?: number | undefined;
  /** Messages to hold per queue, those that run included, 1 to 100 000. @default the app's `prefetch`, "auto": about a second of work, from 2 x concurrency to 1 000 */
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
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new OptionError(`A worker has no option ${quoteValue(unknown)}; it has ${known.join(", ")}.`, {
      field: unknown,
    });
  }
  const { queues, concurrency, prefetch, pool, renewal, name } = options;
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

function checkQueues(queues: unknown): void {
  if (!Array.isArray(queues) || queues.length === 0) {
    throw new OptionError(`queues must be an array of at least one name; it is ${quoteValue(queues)}.`, {
      field: "queues",
    });
  }
  for (const queue of queues) checkName(queue, { kind: "queue" });
}
