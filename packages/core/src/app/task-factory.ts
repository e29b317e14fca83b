import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TaskContext } from "../worker/run/task-context.ts";
import type { TaskHandler, Task } from "./task.ts";
import type { InputOption, TaskOptions } from "./task-options.ts";

/** A Standard Schema over an argument array. */
export type InputSchema = StandardSchemaV1<readonly unknown[], readonly unknown[]>;

/** The handler gets the task's context before its arguments. */
export interface BoundOption {
  readonly bind: true;
}

/** The handler gets its arguments alone. */
export interface UnboundOption {
  readonly bind?: false;
}

/** A function whose arguments a schema has checked: called by the schema's input, it may have to wait for the schema. */
export type CheckedHandler<Schema extends InputSchema, Result> = (
  ...args: StandardSchemaV1.InferInput<Schema>
) => Promise<Awaited<Result>>;

/**
 * Any function that can be a bound task. Its arguments are `never`, as those of any task, instead of inferred one by one: a parameter that has no type
 * but a default value would be `unknown` then.
 */
export type BoundHandler = (task: TaskContext, ...args: never[]) => unknown;

/** A bound handler as its callers see it. */
export type WithoutContext<Handler extends BoundHandler> = Handler extends (
  task: TaskContext,
  ...args: infer Args
) => infer Result
  ? (...args: Args) => Result
  : never;

/** Makes tasks. Types follow from the handler, or from the schema. */
export interface TaskFactory {
  /** A task with default options. */
  <Handler extends TaskHandler>(name: string, handler: Handler): Task<Handler>;
  /** The context first, arguments checked by `input`. */
  <Schema extends InputSchema, Result>(
    name: string,
    options: TaskOptions & InputOption<Schema> & BoundOption,
    handler: (task: TaskContext, ...args: StandardSchemaV1.InferOutput<Schema>) => Result,
  ): Task<CheckedHandler<Schema, Result>>;
  /** Arguments checked by `input`. */
  <Schema extends InputSchema, Result>(
    name: string,
    options: TaskOptions & InputOption<Schema> & UnboundOption,
    handler: (...args: StandardSchemaV1.InferOutput<Schema>) => Result,
  ): Task<CheckedHandler<Schema, Result>>;
  /** The context first. */
  <Handler extends BoundHandler>(
    name: string,
    options: TaskOptions & BoundOption & { readonly input?: never },
    handler: Handler,
  ): Task<WithoutContext<Handler>>;
  /** A task with options. */
  <Handler extends TaskHandler>(
    name: string,
    options: TaskOptions & UnboundOption & { readonly input?: never },
    handler: Handler,
  ): Task<Handler>;
}
