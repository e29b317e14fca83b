import { OptionError, validate } from "@lovage/foundation";
import type { TaskDefinition } from "../app/task-definition.ts";
import { PayloadValidationError } from "../protocol/errors.ts";
import { mapArguments } from "./map-arguments.ts";

/** The arguments of one call. */
export interface CallArguments {
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Shows a task's schema what the worker will show it; what is sent is what was given.
 * @throws PAYLOAD_INVALID; OPTION_INVALID for a keyword whose position is given as well
 */
export async function checkArguments(task: TaskDefinition, { args, kwargs }: CallArguments): Promise<void> {
  const { name, input, options } = task;
  if (kwargs !== undefined) checkKeywords(task, args.length, kwargs);
  if (input === undefined) return;
  const mapped = kwargs === undefined ? args : mapArguments(args, kwargs, options.parameters);
  const { issues } = await validate(input, mapped, { root: "args" });
  if (issues !== undefined) throw new PayloadValidationError(name, issues);
}

function checkKeywords({ name, options }: TaskDefinition, given: number, kwargs: CallArguments["kwargs"]): void {
  const positional = options.parameters?.slice(0, given) ?? [];
  const twice = positional.find((parameter) => Object.hasOwn(kwargs ?? {}, parameter));
  if (twice === undefined) return;
  throw new OptionError(`Parameter "${twice}" of task "${name}" is given twice: by position and in kwargs.`, {
    field: "kwargs",
  });
}
