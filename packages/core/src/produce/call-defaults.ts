import { withoutUndefined } from "@lovage/foundation";

import { softLimitOf } from "../app/check-option.ts";
import { nameSubject } from "../app/name-subject.ts";
import type { ResolvedTaskOptions, TaskDefinition } from "../app/task-definition.ts";
import { sendDelay } from "../canvas/send-delay.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";

/**
 * What a task's options say of each of its calls, as far as the message must say it: the worker knows the limits of its own tasks, but not what
 * the caller has been told about a task that lives elsewhere. Worked out once for each task.
 */
export class CallDefaults {
  readonly #known = new WeakMap<TaskDefinition, CheckedCallOptions>();

  /** Options of a call with those of its task beneath. @throws OPTION_INVALID for a soft limit that does not fit the task's hard one */
  merge(definition: TaskDefinition, options: CheckedCallOptions, nowMs: number): CheckedCallOptions {
    const { expiresMs } = definition.options;
    // That of the task was not written for this call, and counts from when it is due.
    const expires = expiresMs === undefined ? {} : { expires: { inMs: expiresMs + sendDelay(options, nowMs) } };
    const merged = { ...this.#of(definition), ...expires, ...options };
    const { softTimeLimitMs: softMs, timeLimitMs: hardMs } = options;
    if (softMs === undefined && hardMs === undefined) return merged;
    const fitting = fittingSoftLimit({ softMs, hardMs }, definition);
    if (fitting !== undefined || merged.softTimeLimitMs === undefined) return merged;
    const { softTimeLimitMs: _unfit, ...rest } = merged;
    return rest;
  }

  #of(definition: TaskDefinition): CheckedCallOptions {
    const known = this.#known.get(definition);
    if (known !== undefined) return known;
    const defaults = defaultsOf(definition);
    this.#known.set(definition, defaults);
    return defaults;
  }
}

function fittingSoftLimit(
  given: Parameters<typeof softLimitOf>[0],
  { name, options: { softTimeLimitMs: softMs, timeLimitMs: hardMs } }: TaskDefinition,
): number | undefined {
  try {
    return softLimitOf(given, { softMs, hardMs });
  } catch (error) {
    throw nameSubject(error, `Task "${name}"`);
  }
}

function defaultsOf({ options, run }: TaskDefinition): CheckedCallOptions {
  const { queue, priority } = options;
  return withoutUndefined({
    queue,
    priority,
    ignoreResult: options.ignoreResult ? true : undefined,
    ...(run === undefined && limitsOf(options)),
  });
}

function limitsOf({ timeLimitMs, softTimeLimitMs }: ResolvedTaskOptions): object {
  return { timeLimitMs, softTimeLimitMs };
}
