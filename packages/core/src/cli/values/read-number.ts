import { OptionError, quoteValue } from "@lovage/foundation";

/** A reader of whole numbers in a range. */
export function readInteger(range: { readonly min: number; readonly max: number }): (text: string) => number {
  const { min, max } = range;
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value;
    throw new OptionError(`It must be a whole number from ${min} to ${max}; it is ${quoteValue(text)}.`, {
      field: "number",
    });
  };
}

/** How many messages a worker holds. @throws OPTION_INVALID */
export function readPrefetch(text: string): number | "auto" {
  return text === "auto" ? "auto" : readInteger({ min: 1, max: 100_000 })(text);
}
