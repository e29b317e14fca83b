import { OptionError, quoteValue } from "@lovage/foundation";

/** What {@link readInteger} is to accept. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** What may stand there beside a number, for the error. */
  readonly orElse?: string;
}

/** A reader of whole numbers in a range. */
export function readInteger({ min, max, orElse }: IntegerRange): (text: string) => number {
  const accepted = `${orElse === undefined ? "" : `${orElse} or `}a whole number from ${min} to ${max}`;
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value;
    throw new OptionError(`It must be ${accepted}; it is ${quoteValue(text)}.`, { field: "number" });
  };
}

/** How many messages a worker holds. @throws OPTION_INVALID */
export function readPrefetch(text: string): number | "auto" {
  return text === "auto" ? "auto" : readInteger({ min: 1, max: 100_000, orElse: "auto" })(text);
}
