import { cronFieldRules, readItem, splitField } from "./cron-field.ts";
import type { CronFieldName, CronFieldRule } from "./cron-field.ts";
import { readDays } from "./cron-days.ts";
import type { CronDays, DayLogic } from "./cron-days.ts";
import { ScheduleValidationError } from "../schedule-errors.ts";

/** The fields of a cron expression as text. */
export type CronFieldTexts = Readonly<Record<CronFieldName, string>>;

const dayMs = 86_400_000;
/** Days of the calendar come round after 28 years, leap years and days of the week included. */
const cycleYears = 28;
const horizonMonths = 8 * 12 + 1;

/** The local times that a cron expression means, without any time zone: Unix milliseconds of the same date and time in UTC. */
export class CronCalendar {
  /** Whether all hours are meant: then it is about the time that passes, not about the time of day. */
  readonly hasAllHours: boolean;
  readonly #months: ReadonlySet<number>;
  readonly #days: CronDays;
  /** Times of a day, by field, in order. */
  readonly #hours: readonly number[];
  readonly #minutes: readonly number[];
  readonly #seconds: readonly number[];

  /** @throws SCHEDULE_INVALID for bad syntax, and for a day that never comes */
  constructor(fields: CronFieldTexts, logic: DayLogic) {
    this.#seconds = values(fields.second, cronFieldRules.second);
    this.#minutes = values(fields.minute, cronFieldRules.minute);
    this.#hours = values(fields.hour, cronFieldRules.hour);
    this.#months = new Set(values(fields.month, cronFieldRules.month));
    this.#days = readDays(fields.dayOfMonth, fields.dayOfWeek, logic);
    this.hasAllHours = this.#hours.length === 24;
    if (!this.#hasDay()) {
      throw new ScheduleValidationError(
        `Day ${fields.dayOfMonth} of month ${fields.month} on day ${fields.dayOfWeek} of the week never comes.`,
      );
    }
  }

  /** The first local time after this one; `undefined`: none within 8 years. */
  next(localMs: number): number | undefined {
    const today = Math.floor(localMs / dayMs) * dayMs;
    const time = this.#timeAfter(localMs - today);
    const start = new Date(today);
    for (let step = 0; step < horizonMonths; step += 1) {
      const month = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + step, 1));
      for (const day of this.#daysIn(month)) {
        if (day === today && time !== undefined) return day + time;
        if (day > today) return day + this.#firstTime();
      }
    }
    return undefined;
  }

  /** The last local time before this one; `undefined`: none within 8 years. */
  previous(localMs: number): number | undefined {
    const today = Math.floor(localMs / dayMs) * dayMs;
    const time = this.#timeBefore(localMs - today);
    const start = new Date(today);
    for (let step = 0; step < horizonMonths; step += 1) {
      const month = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() - step, 1));
      for (const day of this.#daysIn(month).toReversed()) {
        if (day === today && time !== undefined) return day + time;
        if (day < today) return day + this.#lastTime();
      }
    }
    return undefined;
  }

  #daysIn(month: Date): readonly number[] {
    const number = month.getUTCMonth() + 1;
    if (!this.#months.has(number)) return [];
    return this.#days.daysOf(month.getUTCFullYear(), number).map((day) => month.getTime() + (day - 1) * dayMs);
  }

  #hasDay(): boolean {
    const first = Date.UTC(2000, 0, 1);
    const months = Array.from({ length: cycleYears * 12 }, (_, index) => index);
    return months.some((index) => {
      const month = new Date(first);
      month.setUTCMonth(index);
      return this.#daysIn(month).length > 0;
    });
  }

  #firstTime(): number {
    return timeOf(this.#hours[0], this.#minutes[0], this.#seconds[0]);
  }

  #lastTime(): number {
    return timeOf(this.#hours.at(-1), this.#minutes.at(-1), this.#seconds.at(-1));
  }

  /** The first time of day after this one. */
  #timeAfter(timeMs: number): number | undefined {
    const [hour, minute, second] = partsOf(Math.floor(timeMs / 1_000));
    const seconds = this.#seconds.find((value) => value > second);
    const isHour = this.#hours.includes(hour);
    if (isHour && this.#minutes.includes(minute) && seconds !== undefined) return timeOf(hour, minute, seconds);
    const minutes = this.#minutes.find((value) => value > minute);
    if (isHour && minutes !== undefined) return timeOf(hour, minutes, this.#seconds[0]);
    const hours = this.#hours.find((value) => value > hour);
    return hours === undefined ? undefined : timeOf(hours, this.#minutes[0], this.#seconds[0]);
  }

  /** The last time of day before this one. */
  #timeBefore(timeMs: number): number | undefined {
    const [hour, minute, second] = partsOf(Math.ceil(timeMs / 1_000));
    const seconds = this.#seconds.findLast((value) => value < second);
    const isHour = this.#hours.includes(hour);
    if (isHour && this.#minutes.includes(minute) && seconds !== undefined) return timeOf(hour, minute, seconds);
    const minutes = this.#minutes.findLast((value) => value < minute);
    if (isHour && minutes !== undefined) return timeOf(hour, minutes, this.#seconds.at(-1));
    const hours = this.#hours.findLast((value) => value < hour);
    return hours === undefined ? undefined : timeOf(hours, this.#minutes.at(-1), this.#seconds.at(-1));
  }
}

function values(text: string, rule: CronFieldRule): readonly number[] {
  const items = new Set(splitField(text, rule).flatMap((item) => readItem(item, rule)));
  return [...items].toSorted((a, b) => a - b);
}

function partsOf(seconds: number): readonly [hour: number, minute: number, second: number] {
  return [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
}

function timeOf(hour = 0, minute = 0, second = 0): number {
  return ((hour * 60 + minute) * 60 + second) * 1_000;
}
