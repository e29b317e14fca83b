import { OptionError } from "../errors/option-error.ts";
import { quoteValue } from "../names/quote-value.ts";

/** A length of time: milliseconds as a number, or a number with a unit, such as `"500ms"`, `"10s"`, `"5m"`, `"1h"`, `"7d"`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`;

/** What {@link parseDuration} is to accept. */
export interface DurationOptions {
  /** Name of the option, for the error. */
  readonly field: string;
  /**
   * Shortest accepted duration, in milliseconds.
   * @default 0
   */
  readonly min?: number | undefined;
  /**
   * Longest accepted duration, in milliseconds.
   * @default Number.MAX_SAFE_INTEGER
   */
  readonly max?: number | undefined;
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const text = /^([0-9]{1,16}(?:\.[0-9]{1,16})?)(ms|s|m|h|d)$/;

/**
 * The milliseconds of a duration, rounded to a whole number.
 * @throws OptionError (`OPTION_INVALID`) that names the field, what came and what is accepted.
 */
export function parseDuration(value: unknown, options: DurationOptions): number {
  const { field, min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  const ms = Math.round(toMs(value));
  if (ms >= min && ms <= max) return ms;
  const range = [
    min > 0 ? `at least ${formatDuration(min)}` : "not negative",
    ...(max < Number.MAX_SAFE_INTEGER ? [`at most ${formatDuration(max)}`] : []),
  ].join(", ");
  throw new OptionError(
    `${field} must be a duration, ${range}: milliseconds as a number, or text such as "500ms", "10s", "5m", "1h", "7d"; it is ${quoteValue(value)}.`,
    { field },
  );
}

/** Not a number when the value is no duration; that fails every comparison. */
function toMs(value: unknown): number {
  if (typeof value === "number") return value;
  const match = typeof value === "string" ? text.exec(value) : null;
  return match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

/**
 * A duration for messages, in the form that {@link parseDuration} reads: `"10s"` for 10 000, `"1.5s"` for 1 500.
 * @param ms Milliseconds; what is not finite is shown as it is.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  const whole = Math.round(ms);
  if (Math.abs(whole) < unitMs.s) return `${whole}ms`;
  const units = [
    ["d", unitMs.d],
    ["h", unitMs.h],
    ["m", unitMs.m],
  ] as const;
  for (const [unit, size] of units) if (whole % size === 0) return `${whole / size}${unit}`;
  return `${whole / unitMs.s}s`;
}
