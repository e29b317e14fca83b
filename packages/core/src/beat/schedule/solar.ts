import { quoteValue } from "@lovage/foundation";
import { getTimes } from "suncalc";
import type { SunTimes } from "suncalc";
import { checkScheduleOptions } from "./check-schedule-options.ts";
import { ScheduleHorizonError, ScheduleValidationError } from "./schedule-errors.ts";
import type { SolarEvent, SolarPlace, SolarSpec } from "./schedule-spec.ts";
import type { Schedule } from "./schedule.ts";

const timeNames: Readonly<Record<SolarEvent, keyof SunTimes>> = {
  dawn_astronomical: "nightEnd",
  dawn_nautical: "nauticalDawn",
  dawn_civil: "dawn",
  sunrise: "sunrise",
  solar_noon: "solarNoon",
  sunset: "sunset",
  dusk_civil: "dusk",
  dusk_nautical: "nauticalDusk",
  dusk_astronomical: "night",
};

const dayMs = 86_400_000;
/** What does not come within a year at this place never comes. */
const maxDays = 370;

/**
 * What the sun does at a place, to the second; right to about a minute. Days without the event (polar days and nights) are passed over.
 * @throws SCHEDULE_INVALID
 */
export function solar(event: SolarEvent, place: SolarPlace): Schedule {
  if (typeof event !== "string" || !Object.hasOwn(timeNames, event)) {
    throw new ScheduleValidationError(
      `${quoteValue(event)} is no solar event; there are ${Object.keys(timeNames).join(", ")}.`,
    );
  }
  checkScheduleOptions(place, "solar", ["latitude", "longitude"]);
  const { latitude, longitude } = place;
  checkDegrees(latitude, "latitude", 90);
  checkDegrees(longitude, "longitude", 180);
  return new Solar({ type: "solar", event, latitude, longitude });
}

class Solar implements Schedule {
  readonly #spec: SolarSpec;

  constructor(spec: SolarSpec) {
    this.#spec = spec;
  }

  next(afterMs: number): number {
    return this.#search(afterMs, 1, (atMs) => atMs > afterMs);
  }

  previous(beforeMs: number): number {
    return this.#search(beforeMs, -1, (atMs) => atMs < beforeMs);
  }

  toJSON(): SolarSpec {
    return this.#spec;
  }

  toString(): string {
    const { event, latitude, longitude } = this.#spec;
    return `solar(${event}, ${latitude}, ${longitude})`;
  }

  #search(fromMs: number, step: 1 | -1, isIt: (atMs: number) => boolean): number {
    // The day before, too: a solar day is not the day of UTC.
    const first = Math.floor(fromMs / dayMs) - 2 * step;
    for (let days = 0; days < maxDays; days += 1) {
      const atMs = this.#on(first + days * step);
      if (atMs !== undefined && isIt(atMs)) return atMs;
    }
    throw new ScheduleHorizonError(this.toString(), fromMs);
  }

  #on(day: number): number | undefined {
    const { event, latitude, longitude } = this.#spec;
    const time = getTimes(new Date((day + 0.5) * dayMs), latitude, longitude)[timeNames[event]];
    const atMs = time instanceof Date ? Math.round(time.getTime() / 1_000) * 1_000 : Number.NaN;
    return Number.isNaN(atMs) ? undefined : atMs;
  }
}

function checkDegrees(value: unknown, field: string, most: number): void {
  if (typeof value === "number" && Math.abs(value) <= most) return;
  throw new ScheduleValidationError(`${field} must be a number from -${most} to ${most}; it is ${quoteValue(value)}.`);
}
