import { formatDuration, isLovageError, parseDuration, quoteValue } from "@lovage/foundation";
import type { Duration } from "@lovage/foundation";
import { checkScheduleOptions } from "./check-schedule-options.ts";
import { ScheduleValidationError } from "./schedule-errors.ts";
import type { EverySpec } from "./schedule-spec.ts";
import type { Schedule } from "./schedule.ts";

/** How an interval is read. */
export interface EveryOptions {
  /** An instant that is one of them, from which the others are counted. @default 1970-01-01T00:00:00Z, so that `every("1h")` is every full hour */
  readonly anchor?: Date | undefined;
}

const shortestMs = 100;
const longestMs = 8 * 365 * 86_400_000;

/**
 * Instants at the same distance, counted from a fixed one and not from the start of a process, so that all beats agree on them.
 * @param interval 100 ms to 8 years.
 * @throws SCHEDULE_INVALID
 */
export function every(interval: Duration, options: EveryOptions = {}): Schedule {
  checkScheduleOptions(options, "every", ["anchor"]);
  const { anchor = new Date(0) } = options;
  const anchorMs = anchor instanceof Date ? anchor.getTime() : Number.NaN;
  if (Number.isNaN(anchorMs)) {
    throw new ScheduleValidationError(`anchor must be a valid Date; it is ${quoteValue(anchor)}.`);
  }
  return new Every(readInterval(interval), anchorMs);
}

class Every implements Schedule {
  readonly #intervalMs: number;
  readonly #anchorMs: number;

  constructor(intervalMs: number, anchorMs: number) {
    this.#intervalMs = intervalMs;
    this.#anchorMs = anchorMs;
  }

  next(afterMs: number): number {
    return this.#nth(Math.floor((afterMs - this.#anchorMs) / this.#intervalMs) + 1);
  }

  previous(beforeMs: number): number {
    return this.#nth(Math.ceil((beforeMs - this.#anchorMs) / this.#intervalMs) - 1);
  }

  toJSON(): EverySpec {
    return { type: "every", intervalMs: this.#intervalMs, anchorMs: this.#anchorMs };
  }

  toString(): string {
    return `every(${formatDuration(this.#intervalMs)})`;
  }

  #nth(count: number): number {
    return this.#anchorMs + count * this.#intervalMs;
  }
}

function readInterval(interval: unknown): number {
  try {
    return parseDuration(interval, { field: "The interval", min: shortestMs, max: longestMs });
  } catch (error) {
    if (!isLovageError(error)) throw error;
    throw new ScheduleValidationError(error.message, { cause: error });
  }
}
