import { OptionError, quoteValue } from "@lovage/foundation";

/**
 * Refuses what cannot name anything in every store: PostgreSQL has no text with a zero character.
 * @throws OPTION_INVALID that names the field
 */
export function checkId(value: unknown, field: string): void {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return;
  throw new OptionError(
    `${field} must be text of at least one character, without a zero character (U+0000); it is ${quoteValue(value)}.`,
    { field },
  );
}
