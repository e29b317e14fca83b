import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TaskContext } from "../worker/run/task-context.ts";
import type { ErrorFilter, TaskOptions } from "./task-options.ts";

/** A task's options with defaults filled in and durations as milliseconds. `undefined`: no limit, none. */
export interface ResolvedTaskOptions {
  readonly queue: string | undefined;
  readonly priority: number | undefined;
  readonly expiresMs: number | undefined;
  readonly maxRetries: number;
  readonly retryFor: readonly ErrorFilter[] | true | undefined;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly retryJitter: boolean;
  readonly timeLimitMs: number | undefined;
  readonly softTimeLimitMs: number | undefined;
  readonly ack: NonNullable<TaskOptions["ack"]>;
  readonly ignoreResult: boolean;
  readonly trackStarted: boolean;
  readonly resultExpiresMs: number;
  readonly deadLetter: NonNullable<TaskOptions["deadLetter"]>;
  readonly rateLimit: { readonly tokens: number; readonly perMs: number } | undefined;
  readonly parameters: readonly string[] | undefined;
}

/** A task as the worker runs it: untyped inside, typed at the seam by `app.task`. */
export interface TaskDefinition {
  readonly name: string;
  readonly options: ResolvedTaskOptions;
  readonly input: StandardSchemaV1 | undefined;
  /** `undefined` for a task that lives elsewhere (`app.remote`). */
  readonly run: ((context: TaskContext, args: readonly unknown[]) => unknown) | undefined;
}
