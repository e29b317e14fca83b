import { checkName, OptionError, parseDuration, quoteValue, suggestion } from "@lovage/foundation";
import type { Headers } from "@lovage/transport";
import type { ApplyOptions } from "../app/apply-options.ts";
import { checkBoolean, checkLimits, checkPriority, checkTaskId, checkText } from "../app/check-option.ts";
import { nameSubject } from "../app/name-subject.ts";
import { isCanvas } from "../canvas/check-canvas.ts";
import type { Canvas } from "../canvas/signature.ts";
import { snapshot } from "../protocol/snapshot.ts";
import { ownHeaderPrefix, ownHeaders } from "./own-headers.ts";
import type { OwnHeaders } from "./own-headers.ts";
import { sentAt } from "./own-time.ts";
import type { OwnTime } from "./own-time.ts";

/** Options of a call, checked, as they are now; durations as milliseconds. */
export interface CheckedCallOptions {
  readonly countdownMs?: number;
  readonly etaMs?: number;
  readonly queue?: string;
  readonly priority?: number;
  readonly expires?: { readonly inMs: number } | { readonly atMs: number };
  readonly taskId?: string;
  readonly headers?: Headers;
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly ignoreResult?: boolean;
  readonly timeLimitMs?: number;
  readonly softTimeLimitMs?: number;
  readonly key?: string;
  readonly shadow?: string;
  readonly transaction?: unknown;
  /** When it is sent, where Lovage knows that better than by this machine's clock. */
  readonly sentAtMs?: number;
  /** What is sent when the task succeeds, and when it fails for good. */
  readonly link?: readonly Canvas[];
  readonly linkError?: readonly Canvas[];
}

/** A hundred years: later instants stay far inside what a Date can hold. */
const maxDelayMs = 36_500 * 86_400_000;
const maxKeyBytes = 200;

type Reader = (value: unknown) => CheckedCallOptions;

const readers: Readonly<Record<keyof ApplyOptions<unknown>, Reader>> = {
  countdown: (value) => ({ countdownMs: parseDuration(value, { field: "countdown", max: maxDelayMs }) }),
  eta: (value) => ({ etaMs: instant(value, "eta") }),
  queue: (value) => ({ queue: checkName(value, { kind: "queue" }) }),
  priority: (value) => ({ priority: checkPriority(value) }),
  expires: (value) => ({ expires: expiry(value) }),
  taskId: (value) => ({ taskId: checkTaskId(value) }),
  headers: (value) => ({ headers: snapshot(usersHeaders(value)) }),
  kwargs: (value) => ({ kwargs: snapshot(plainObject(value, "kwargs")) }),
  ignoreResult: (value) => ({ ignoreResult: checkBoolean(value, "ignoreResult") }),
  timeLimit: (value) => ({ timeLimitMs: limit(value, "timeLimit") }),
  softTimeLimit: (value) => ({ softTimeLimitMs: limit(value, "softTimeLimit") }),
  key: (value) => ({ key: checkText(value, "key", maxKeyBytes) }),
  shadow: (value) => ({ shadow: checkText(value, "shadow", 255) }),
  transaction: (value) => ({ transaction: value }),
  link: (value) => ({ link: signatures(value, "link") }),
  linkError: (value) => ({ linkError: signatures(value, "linkError") }),
};

const none: CheckedCallOptions = Object.freeze({});

/** Options of a user's, or of Lovage's own. */
type GivenOptions = ApplyOptions<never> & OwnHeaders & OwnTime;

/**
 * Checks the options of a call, before any I/O.
 * @param name Of the task that is called, or of the schedule that calls it, for the error.
 * @throws OPTION_INVALID, NAME_INVALID that name the option
 */
export function checkCallOptions(
  options: GivenOptions | undefined,
  name: string,
  kind: "Task" | "Schedule" = "Task",
): CheckedCallOptions {
  if (options === undefined) return none;
  try {
    return readOptions(options);
  } catch (error) {
    throw nameSubject(error, `${kind} "${name}"`);
  }
}

function readOptions(options: GivenOptions): CheckedCallOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new OptionError(`The options of a call must be an object; they are ${quoteValue(options)}.`, {
      field: "options",
    });
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const checked = Object.assign({}, ...given.map(([key, value]) => readerOf(key)(value))) as CheckedCallOptions;
  if (checked.countdownMs !== undefined && checked.etaMs !== undefined) {
    throw new OptionError("A call takes a countdown or an eta, not both.", { field: "countdown" });
  }
  checkLimits({ softMs: checked.softTimeLimitMs, hardMs: checked.timeLimitMs });
  const { [ownHeaders]: own, [sentAt]: sentAtMs } = options;
  const timed = sentAtMs === undefined ? checked : { ...checked, sentAtMs };
  return own === undefined ? timed : { ...timed, headers: { ...timed.headers, ...own } };
}

function readerOf(key: string): Reader {
  if (Object.hasOwn(readers, key)) return readers[key as keyof typeof readers];
  throw new OptionError(`A call has no option ${quoteValue(key)}.${suggestion(key, Object.keys(readers))}`, {
    field: key,
  });
}

function instant(value: unknown, field: string): number {
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new OptionError(`${field} must be a valid Date; it is ${quoteValue(value)}.`, { field });
}

function expiry(value: unknown): { readonly inMs: number } | { readonly atMs: number } {
  if (value instanceof Date) return { atMs: instant(value, "expires") };
  return { inMs: parseDuration(value, { field: "expires", max: maxDelayMs }) };
}

function limit(value: unknown, field: string): number {
  return parseDuration(value, { field, min: 1, max: maxDelayMs });
}

function signatures(value: unknown, field: string): readonly Canvas[] {
  const list: readonly unknown[] = Array.isArray(value) ? [...(value as readonly unknown[])] : [value];
  if (list.every((item) => isCanvas(item))) return list;
  throw new OptionError(
    `${field} must be a signature, such as task.s(), or an array of them; it is ${quoteValue(value)}.`,
    { field },
  );
}

function usersHeaders(value: unknown): Headers {
  const headers = plainObject(value, "headers") as Headers;
  const taken = Object.keys(headers).find((name) => name.startsWith(ownHeaderPrefix));
  if (taken === undefined) return headers;
  throw new OptionError(
    `headers cannot have "${taken}": names that begin with "${ownHeaderPrefix}" are Lovage's own. Choose another.`,
    { field: "headers" },
  );
}

function plainObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype === Object.prototype || prototype === null) return value as Record<string, unknown>;
  throw new OptionError(`${field} must be a plain object; it is ${quoteValue(value)}.`, { field });
}
