import type { AnyTask } from "./any-task.ts";
import type { Backend } from "@lovage/backend";
import type { Clock, Duration, Log } from "@lovage/foundation";
import type { Connection, QueueConsumers } from "@lovage/transport";
import type { PinoLike } from "../log/pino-like.ts";
import type { ScheduleOptions } from "../beat/definition/schedule-options.ts";
import type { LogLevel } from "../log/log-level.ts";
import type { TaskOptions } from "./task-options.ts";

/** A URL with options beside it; the driver of the URL's scheme says which, and refuses others. */
export interface DriverLocation {
  readonly url: string;
  readonly [option: string]: unknown;
}

/** Where the broker is. An array is tried in order when the connection is opened. What is open already is used, and left open by `app.close`. */
export type BrokerOption = string | DriverLocation | readonly (string | DriverLocation)[] | Connection;

/** Where a backend is; forms as for {@link BrokerOption}. */
export type BackendOption = string | DriverLocation | readonly (string | DriverLocation)[] | Backend;

/** Options of a queue that differ from the defaults. */
export interface QueueOptions {
  /** Whose programs read the queue; decides its layout on brokers that Celery uses too. @default "lovage" */
  readonly consumers?: QueueConsumers;
  /** Serve keys round-robin; refused where the transport cannot. @default whatever the transport can */
  readonly fairness?: boolean;
  /** Obey priorities; refused where the transport cannot. @default whatever the transport can */
  readonly priorities?: boolean;
  /** How long dead letters are kept. @default "14d" */
  readonly deadLetterRetention?: Duration;
  /** Options that one transport alone knows; it checks them. */
  readonly driver?: Readonly<Record<string, unknown>>;
}

/** Which queue the calls of a task go to: by task name or glob (`*` any characters, `?` one; the first that fits counts), or by a function, which may decline. */
export type Routes = Readonly<Record<string, string>> | ((task: string) => string | undefined);

/**
 * What an app is made of. Every option but `clock`, `log` and functions may also stand in `lovage.config.ts` (`.mts`, `.js`, `.mjs`) in the working
 * directory, as its default export; some have a variable in the environment. Highest first: flag of the command, `createApp`, environment,
 * configuration file, default. Whole values: a `queues` here hides the one of the file.
 */
export interface AppOptions {
  /** Names the app to brokers and in logs. @default "lovage" (LOVAGE_NAME) */
  readonly name?: string;
  /** @default the embedded `sqlite:.lovage/queue.db` (LOVAGE_BROKER_URL; several separated by semicolons) */
  readonly broker?: BrokerOption;
  /** @default none; with neither broker nor backend given anywhere, the embedded SQLite file (LOVAGE_RESULT_BACKEND) */
  readonly backend?: BackendOption;
  /** Where locks, limits and unique keys are. @default the backend (LOVAGE_COORDINATION_URL) */
  readonly coordination?: BackendOption;
  /** Queue of calls without another. @default "default" (LOVAGE_DEFAULT_QUEUE) */
  readonly defaultQueue?: string;
  /** Queues with options of their own. A queue that is only named somewhere is declared with the defaults. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  readonly routes?: Routes;
  /** Tasks made by `defineTask`, and globs of modules that hold tasks, from the working directory; modules are loaded by `ready`. */
  readonly tasks?: string | readonly (string | AnyTask)[];
  /** Modules (paths from the working directory) that `ready` loads: for tasks that they export or make. */
  readonly include?: readonly string[];
  /** Schedules by name, as `app.schedule` takes them; tasks by themselves or by name. Those of `app.schedule` stand above them. */
  readonly schedules?: Readonly<Record<string, ScheduleOptions<AnyTask | string>>>;
  /** Options of all tasks, below each task's own. */
  readonly taskDefaults?: TaskOptions;
  /** A message whose consumer was lost this often becomes a dead letter. @default 3 (LOVAGE_MAX_DELIVERIES) */
  readonly maxDeliveries?: number;
  /** Tasks that a worker runs at once. @default 10 (LOVAGE_CONCURRENCY) */
  readonly concurrency?: number;
  /** Messages that a worker holds per queue. @default "auto": about a second of work, from 2 x concurrency (on RabbitMQ and SQS the concurrency) to 1 000 (LOVAGE_PREFETCH) */
  readonly prefetch?: number | "auto";
  /** How long a worker that stops lets tasks finish. @default "25s" (LOVAGE_SHUTDOWN_GRACE) */
  readonly shutdownGrace?: Duration;
  /** How long a message waits for a worker that knows its task. @default "1h" (LOVAGE_UNKNOWN_TASK_TTL) */
  readonly unknownTaskTtl?: Duration;
  /** Largest body of a message and largest result, in bytes. @default 262 144 (LOVAGE_MAX_PAYLOAD_BYTES) */
  readonly maxPayloadBytes?: number;
  /** Content types that workers decode, of `application/json` (`json`) and `application/x-msgpack` (`msgpack`); the first must be among them. @default ["application/json"] (LOVAGE_ACCEPT_CONTENT, separated by commas) */
  readonly acceptContent?: readonly string[];
  /**
   * Zone of times without an offset in messages and results of Python's: Celery's setting `timezone`, by its IANA name.
   * @default "UTC", as there (LOVAGE_TIMEZONE)
   */
  readonly timezone?: string;
  /** File or directory where driver packages are looked for first. @default the app's module, the main script, the working directory, Lovage itself */
  readonly from?: string;
  /** Where the app writes what it does: a logger of pino's form, or a Log. @default JSON lines on standard error, plain lines on a terminal */
  readonly log?: Log | PinoLike;
  /** Least level of the default log. @default "info" (LOVAGE_LOG_LEVEL) */
  readonly logLevel?: LogLevel;
  /** Source of time, for tests. @default the machine's */
  readonly clock?: Clock;
}
