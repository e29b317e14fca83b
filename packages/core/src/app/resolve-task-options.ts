import { checkName, OptionError, parseDuration, quoteValue, suggestion } from "@lovage/foundation";
import { checkBoolean, checkInteger, checkLimits, checkPriority, checkWord, softLimitOf } from "./check-option.ts";
import { parseRateLimit } from "./rate-limit.ts";
import type { ResolvedTaskOptions } from "./task-definition.ts";
import type { ErrorFilter, TaskOptions } from "./task-options.ts";

const maxRetriesEver = 1_000_000;

/** How each option is read. The keys are all options there are. */
const readers = {
  queue: (value: unknown): string => checkName(value, { kind: "queue" }),
  priority: checkPriority,
  expires: duration("expires", 1),
  maxRetries: (value: unknown): number => checkInteger(value, "maxRetries", { min: 0, max: maxRetriesEver }),
  retryFor: checkRetryFor,
  retryBackoff: duration("retryBackoff", 0),
  retryBackoffMax: duration("retryBackoffMax", 0),
  retryJitter: (value: unknown): boolean => checkBoolean(value, "retryJitter"),
  timeLimit: duration("timeLimit", 1),
  softTimeLimit: duration("softTimeLimit", 1),
  ack: (value: unknown) => checkWord(value, "ack", ["late", "early"] as const),
  ignoreResult: (value: unknown): boolean => checkBoolean(value, "ignoreResult"),
  trackStarted: (value: unknown): boolean => checkBoolean(value, "trackStarted"),
  resultExpires: duration("resultExpires", 1),
  deadLetter: (value: unknown) => checkWord(value, "deadLetter", ["failed", "bad", "never"] as const),
  rateLimit: parseRateLimit,
  parameters: checkParameters,
} satisfies { readonly [Key in keyof Required<TaskOptions>]: (value: unknown) => unknown };

type Read = { readonly [Key in keyof typeof readers]?: ReturnType<(typeof readers)[Key]> };

/**
 * Checks options of a task and fills in the defaults: its own above those of the app, above Lovage's.
 * @throws OPTION_INVALID, NAME_INVALID that name the option
 */
export function resolveTaskOptions(own: TaskOptions, defaults: TaskOptions = {}): ResolvedTaskOptions {
  const [beneath, above] = [readOptions(defaults), readOptions(own)];
  const read: Read = { ...beneath, ...above };
  return {
    queue: read.queue,
    priority: read.priority,
    expiresMs: read.expires,
    maxRetries: read.maxRetries ?? 3,
    retryFor: read.retryFor,
    retryBackoffMs: read.retryBackoff ?? 1_000,
    retryBackoffMaxMs: read.retryBackoffMax ?? 600_000,
    retryJitter: read.retryJitter ?? true,
    timeLimitMs: read.timeLimit,
    softTimeLimitMs: softLimitOf(limitsOf(above), limitsOf(beneath)),
    ack: read.ack ?? "late",
    ignoreResult: read.ignoreResult ?? false,
    trackStarted: read.trackStarted ?? false,
    resultExpiresMs: read.resultExpires ?? 86_400_000,
    deadLetter: read.deadLetter ?? "failed",
    rateLimit: read.rateLimit,
    parameters: read.parameters,
  };
}

function readOptions(options: TaskOptions): Read {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const read = Object.fromEntries(given.map(([key, value]) => [key, readerOf(key)(value)])) as Read;
  checkLimits(limitsOf(read));
  return read;
}

function limitsOf({ softTimeLimit, timeLimit }: Read): Parameters<typeof checkLimits>[0] {
  return { softMs: softTimeLimit, hardMs: timeLimit };
}

function readerOf(key: string): (value: unknown) => unknown {
  if (Object.hasOwn(readers, key)) return readers[key as keyof typeof readers];
  throw new OptionError(`A task has no option ${quoteValue(key)}.${suggestion(key, Object.keys(readers))}`, {
    field: key,
  });
}

function duration(field: string, min: number): (value: unknown) => number {
  return (value) => parseDuration(value, { field, min });
}

function checkRetryFor(value: unknown): readonly ErrorFilter[] | true {
  if (value === true) return true;
  const isList = Array.isArray(value) && value.every((filter) => typeof filter === "function");
  if (isList) return [...(value as readonly ErrorFilter[])];
  throw new OptionError(
    `retryFor must be true, or an array of error classes and functions; it is ${quoteValue(value)}.`,
    { field: "retryFor" },
  );
}

function checkParameters(value: unknown): readonly string[] {
  const isList = Array.isArray(value) && value.every((name) => typeof name === "string" && name !== "");
  if (isList && new Set(value).size === value.length) return [...(value as readonly string[])];
  throw new OptionError(
    `parameters must be an array of the names of the task's parameters, each once; it is ${quoteValue(value)}.`,
    { field: "parameters" },
  );
}
