import { formatDuration, OptionError, quoteValue, suggestion } from "@lovage/foundation";

/**
 * A whole number in a range.
 * @throws OPTION_INVALID that names the field
 */
export function checkInteger(
  value: unknown,
  field: string,
  range: { readonly min: number; readonly max: number },
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new OptionError(
    `${field} must be a whole number from ${range.min} to ${range.max}; it is ${quoteValue(value)}.`,
    {
      field,
    },
  );
}

/** @throws OPTION_INVALID that names the field */
export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value === "boolean") return value;
  throw new OptionError(`${field} must be true or false; it is ${quoteValue(value)}.`, { field });
}

/** One of some words. @throws OPTION_INVALID that names the field */
export function checkWord<Word extends string>(value: unknown, field: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const choices = words.map((word) => `"${word}"`).join(", ");
  throw new OptionError(`${field} must be one of ${choices}; it is ${quoteValue(value)}.`, { field });
}

/** A priority: 0 to 9. @throws OPTION_INVALID */
export function checkPriority(value: unknown): number {
  return checkInteger(value, "priority", { min: 0, max: 9 });
}

/** Time limits of one run, as far as they were given. */
interface TimeLimits {
  readonly softMs: number | undefined;
  readonly hardMs: number | undefined;
}

/** Two limits that were given together: a soft one that comes no earlier than the hard one would never be seen. @throws OPTION_INVALID */
export function checkLimits({ softMs, hardMs }: TimeLimits): void {
  if (softMs === undefined || hardMs === undefined || softMs < hardMs) return;
  throw new OptionError(
    `softTimeLimit must be shorter than timeLimit; they are ${formatDuration(softMs)} and ${formatDuration(hardMs)}.`,
    { field: "softTimeLimit" },
  );
}

/**
 * The soft limit to go by, where the limits above were given for less than those beneath them (a call's above its task's): one from beneath that does not fit
 * the hard limit above it was not meant for it, and is left out.
 * @throws OPTION_INVALID for one from above that does not fit the hard limit beneath
 */
export function softLimitOf(above: TimeLimits, beneath: TimeLimits): number | undefined {
  if (above.softMs !== undefined) {
    checkLimits({ softMs: above.softMs, hardMs: above.hardMs ?? beneath.hardMs });
    return above.softMs;
  }
  const fits = above.hardMs === undefined || (beneath.softMs ?? 0) < above.hardMs;
  return fits ? beneath.softMs : undefined;
}

/**
 * Refuses options that nobody reads: a mistyped name would be passed over in silence.
 * @param of Whose options they are, for the error: `get`.
 * @throws OPTION_INVALID, with a suggestion
 */
export function checkKnown(options: unknown, of: string, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new OptionError(`The options of ${of} must be an object; they are ${quoteValue(options)}.`, {
      field: "options",
    });
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new OptionError(`${of} has no option ${quoteValue(unknown)}.${suggestion(unknown, known)}`, { field: unknown });
}

/** Text that can stand in a header. @throws OPTION_INVALID that names the field */
export function checkText(value: unknown, field: string, maxBytes: number): string {
  const isText = typeof value === "string" && value !== "" && Buffer.byteLength(value) <= maxBytes;
  if (isText && !/\p{Cc}|\p{Cs}/u.test(value)) return value;
  throw new OptionError(
    `${field} must be text of 1 to ${maxBytes} bytes without control characters; it is ${quoteValue(value)}.`,
    { field },
  );
}

/** The id of a call. @throws OPTION_INVALID */
export function checkTaskId(value: unknown): string {
  return checkText(value, "taskId", 200);
}
