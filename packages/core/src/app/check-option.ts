import { OptionError, quoteValue } from "@lovage/foundation";

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
