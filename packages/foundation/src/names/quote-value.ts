import { inspect } from "node:util";

const maxLength = 80;

/** A value as it is shown in an error message: on one line, without control characters, cut to a bounded length. */
export function quoteValue(value: unknown): string {
  const shown =
    typeof value === "string"
      ? JSON.stringify(value.slice(0, maxLength + 1))
      : inspect(value, {
          depth: 0,
          breakLength: Infinity,
          maxArrayLength: 3,
          maxStringLength: maxLength,
          customInspect: false,
        });
  const line = shown.replaceAll(/\s+/g, " ").replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, "\uFFFD");
  return line.length > maxLength ? `${line.slice(0, maxLength).toWellFormed()}…` : line;
}
