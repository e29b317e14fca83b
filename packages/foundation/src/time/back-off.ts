import { OptionError } from "../errors/option-error.ts";

/** How the waits between attempts grow. */
export interface BackOffOptions {
  /** Wait after the first failure, before jitter, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
  /**
   * What each further failure multiplies the wait by; at least 1.
   * @default 2
   */
  readonly factor?: number | undefined;
  /** `full`: anywhere from 0 to the wait; `equal`: from half of it to the whole; `none`: the whole. */
  readonly jitter: "full" | "none" | "equal";
}

/**
 * The wait before the next attempt, in whole milliseconds.
 * @param options How the waits grow.
 * @param attempt How many attempts failed before the last one: 0 after the first failure.
 * @param random Source of the jitter, from 0 (included) to 1 (excluded).
 * @throws OptionError (`OPTION_INVALID`) when a number is negative or not a number, or the factor is below 1.
 */
export function backOff(options: BackOffOptions, attempt: number, random: () => number = Math.random): number {
  const { baseMs, maxMs, factor = 2, jitter } = options;
  requireAtLeast(0, { baseMs, maxMs, attempt });
  requireAtLeast(1, { factor });
  // 0 times an overflowed power would be not a number.
  const ceilingMs = baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** attempt);
  if (jitter === "none") return Math.round(ceilingMs);
  const floorMs = jitter === "equal" ? ceilingMs / 2 : 0;
  return Math.round(floorMs + random() * (ceilingMs - floorMs));
}

function requireAtLeast(least: number, values: Record<string, number>): void {
  for (const [field, value] of Object.entries(values)) {
    if (value >= least) continue;
    throw new OptionError(`${field} of a back-off must be at least ${least}; it is ${value}.`, { field });
  }
}
