import type { ResolvedTaskOptions, TaskDefinition } from "../app/task-definition.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";

/**
 * Options of a call with those of its task beneath, as far as the message must say them: the worker knows the limits of its own tasks, but not
 * what the caller has been told about a task that lives elsewhere.
 */
export function mergeCallOptions(
  { options: own, run }: TaskDefinition,
  options: CheckedCallOptions,
): CheckedCallOptions {
  const always = { queue: own.queue, priority: own.priority, ...lifetimeOf(own) };
  const beneath = run === undefined ? { ...always, ...limitsOf(own) } : always;
  return { ...withoutUndefined(beneath), ...options };
}

function lifetimeOf({ expiresMs, ignoreResult }: ResolvedTaskOptions) {
  return {
    expires: expiresMs === undefined ? undefined : { inMs: expiresMs },
    ignoreResult: ignoreResult ? true : undefined,
  };
}

function limitsOf({ timeLimitMs, softTimeLimitMs }: ResolvedTaskOptions) {
  return { timeLimitMs, softTimeLimitMs };
}

function withoutUndefined(options: object): CheckedCallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
