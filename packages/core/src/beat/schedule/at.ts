import { quoteValue } from "@lovage/foundation";
import { ScheduleValidationError } from "./schedule-errors.ts";
import type { AtSpec } from "./schedule-spec.ts";
import type { Schedule } from "./schedule.ts";

/** One instant, once. @throws SCHEDULE_INVALID */
export function at(instant: Date): Schedule {
  const atMs = instant instanceof Date ? instant.getTime() : Number.NaN;
  if (!Number.isNaN(atMs)) return new At(atMs);
  throw new ScheduleValidationError(`at takes a valid Date; it is ${quoteValue(instant)}.`);
}

class At implements Schedule {
  readonly #atMs: number;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  next(afterMs: number): number | undefined {
    return this.#atMs > afterMs ? this.#atMs : undefined;
  }

  previous(beforeMs: number): number | undefined {
    return this.#atMs < beforeMs ? this.#atMs : undefined;
  }

  toJSON(): AtSpec {
    return { type: "at", atMs: this.#atMs };
  }

  toString(): string {
    return `at(${new Date(this.#atMs).toISOString()})`;
  }
}
