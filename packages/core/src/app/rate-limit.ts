import { OptionError, quoteValue } from "@lovage/foundation";

/** So many calls per length of time. */
export interface RateLimit {
  readonly tokens: number;
  readonly perMs: number;
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads `"100/m"`: a whole number of calls per second, minute, hour or day.
 * @throws OPTION_INVALID
 */
export function parseRateLimit(value: unknown): RateLimit {
  const match = typeof value === "string" ? /^([1-9][0-9]{0,8})\/([smhd])$/.exec(value) : null;
  const perMs = unitMs[match?.[2] ?? ""];
  if (match !== null && perMs !== undefined) return { tokens: Number(match[1]), perMs };
  throw new OptionError(
    `rateLimit must be a number of calls per time, such as "5/s", "100/m", "1000/h"; it is ${quoteValue(value)}.`,
    { field: "rateLimit" },
  );
}
