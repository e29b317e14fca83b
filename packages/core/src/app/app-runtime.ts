import type { Backend } from "@lovage/backend";
import type { Clock, Log } from "@lovage/foundation";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import type { PriorityWarnings } from "../queue/priority-warnings.ts";
import type { TaskCall } from "../protocol/task-call.ts";
import type { TaskDefinition } from "./task-definition.ts";

/** How a call travels. */
export interface SendOptions {
  /** @default by the task's options, `routes`, then `defaultQueue` */
  readonly queue?: string;
  /** Wait by the broker's clock, from its acceptance. */
  readonly countdownMs?: number;
  /** Not before this instant; instead of `countdownMs`. */
  readonly etaMs?: number;
  readonly transaction?: unknown;
}

/** Turns calls into messages and publishes them. */
export interface Producer {
  /** Encodes and routes one call; declares its queue if need be. No message is sent. @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE, NAME_INVALID, OPTION_INVALID */
  prepare(call: TaskCall, options?: SendOptions): Promise<OutgoingMessage>;
  /** Prepares and publishes; resolves once the broker has accepted all. */
  send(calls: readonly TaskCall[], options?: SendOptions): Promise<void>;
  /** The message of a delivery again, `retries` + 1, same body bytes and all other headers kept, with its delay. */
  prepareRetry(delivery: Delivery, call: TaskCall, options: SendOptions): Promise<OutgoingMessage>;
  /** Declares a queue once per connection, with its options from the configuration. */
  declareQueue(queue: string): Promise<void>;
  /** A queue was deleted: what needs it next declares it again. */
  forgetQueue(queue: string): void;
}

/** The tasks an app knows. */
export interface TaskRegistry {
  get(name: string): TaskDefinition | undefined;
  names(): readonly string[];
  /** The queue of a task's calls; of one that is not known by the routes alone. */
  queueOf(name: string): string;
  /** Queues that tasks with a handler are routed to, the default queue if there are none; what a worker without `queues` consumes. */
  queues(): readonly string[];
}

/** Settings of the app that the worker and the command read. Durations in ms. */
export interface RuntimeSettings {
  readonly defaultQueue: string;
  readonly maxDeliveries: number;
  readonly concurrency: number;
  /** `"auto"`: about a second of work at the measured task time, between 2 x concurrency (on RabbitMQ and SQS the concurrency) and 1 000. */
  readonly prefetch: number | "auto";
  readonly shutdownGraceMs: number;
  readonly unknownTaskTtlMs: number;
  readonly maxPayloadBytes: number;
  readonly acceptContent: readonly string[];
  /** IANA name of the zone of times without an offset. */
  readonly timezone: string;
}

/**
 * An app from the inside: what `worker`, `cli`, `result` and `beat` are given instead of the public `App`.
 */
export interface AppRuntime {
  readonly name: string;
  readonly settings: RuntimeSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: TaskRegistry;
  readonly producer: Producer;
  readonly priorityWarnings: PriorityWarnings;
  /** Loads configuration files and task modules, once. @throws CLOSED */
  ready(): Promise<void>;
  /** Whether `ready` has nothing to wait for: asked before each call, since waiting for what is there costs more than a call's encoding. */
  readonly isReady: boolean;
  /** The app's one connection, opened at the first call. `renewal: "thread"` holds if it comes before the first call. */
  connection(options?: { readonly renewal?: "loop" | "thread" }): Promise<Connection>;
  /** The app's one backend; `undefined` when there is none. */
  backend(): Promise<Backend | undefined>;
}
