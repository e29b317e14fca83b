import { checkName, OptionError, quoteValue } from "@lovage/foundation";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { nameSubject } from "./name-subject.ts";
import type { TaskDefinition } from "./task-definition.ts";
import { resolveTaskOptions } from "./resolve-task-options.ts";
import type { TaskOptions } from "./task-options.ts";

/** A task as it was written, before an app's defaults are added. */
export interface TaskDeclaration {
  readonly name: string;
  readonly options: TaskOptions;
  readonly input: StandardSchemaV1 | undefined;
  /** The handler's first parameter is the context. */
  readonly bind: boolean;
  readonly run: TaskDefinition["run"];
}

type Handler = (...args: readonly unknown[]) => unknown;

/**
 * Reads the arguments of `app.task` and `defineTask`, in either form.
 * @throws NAME_INVALID, OPTION_INVALID
 */
export function declareTask(name: unknown, ...rest: readonly unknown[]): TaskDeclaration {
  const taskName = checkName(name, { kind: "task" });
  const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]];
  if (typeof handler !== "function") {
    throw new OptionError(
      `Task "${taskName}" needs a function to run, after its options; it is ${quoteValue(handler)}.`,
      {
        field: "handler",
      },
    );
  }
  const { bind, input, ...others } = readOptions(taskName, options);
  const run = handler as Handler;
  const isBound = bind === undefined ? false : checkBind(taskName, bind);
  return {
    name: taskName,
    options: checkOptions(taskName, others),
    input: checkInput(taskName, input),
    bind: isBound,
    run: isBound ? (context, args) => run(context, ...args) : (_context, args) => run(...args),
  };
}

/** A task whose handler is elsewhere. @throws NAME_INVALID, OPTION_INVALID */
export function declareRemoteTask(name: unknown, options: TaskOptions = {}): TaskDeclaration {
  const taskName = checkName(name, { kind: "task" });
  const checked = checkOptions(taskName, readOptions(taskName, options));
  return { name: taskName, options: checked, input: undefined, bind: false, run: undefined };
}

function readOptions(task: string, options: unknown): Readonly<Record<string, unknown>> {
  if (typeof options === "object" && options !== null && !Array.isArray(options))
    return options as Record<string, unknown>;
  throw new OptionError(`The options of task "${task}" must be an object; they are ${quoteValue(options)}.`, {
    field: "options",
  });
}

function checkOptions(task: string, options: TaskOptions): TaskOptions {
  try {
    resolveTaskOptions(options);
    return options;
  } catch (error) {
    throw nameSubject(error, `Task "${task}"`);
  }
}

function checkBind(task: string, bind: unknown): boolean {
  if (typeof bind === "boolean") return bind;
  throw new OptionError(`bind of task "${task}" must be true or false; it is ${quoteValue(bind)}.`, { field: "bind" });
}

function checkInput(task: string, input: unknown): StandardSchemaV1 | undefined {
  if (input === undefined) return undefined;
  const isSchema = Reflect.has(Object(input) as object, "~standard");
  if (isSchema) return input as StandardSchemaV1;
  throw new OptionError(
    `input of task "${task}" must be a Standard Schema (of zod, valibot, arktype …) over the argument array; it is ${quoteValue(input)}.`,
    { field: "input" },
  );
}
