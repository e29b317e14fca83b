import { quoteValue } from "@lovage/foundation";
import { checkScheduleOptions } from "./check-schedule-options.ts";
import { CronCalendar } from "./cron/cron-calendar.ts";
import type { CronFieldTexts } from "./cron/cron-calendar.ts";
import { zonedCalendar } from "./cron/zoned-calendar.ts";
import type { ZonedCalendar } from "./cron/zoned-calendar.ts";
import { ScheduleHorizonError, ScheduleValidationError } from "./schedule-errors.ts";
import type { CrontabFields, CrontabSpec } from "./schedule-spec.ts";
import type { Schedule } from "./schedule.ts";
import { TimeZone } from "./time-zone.ts";

/** How a crontab is read. */
export interface CrontabOptions {
  /** Name of an IANA time zone. @default "UTC" */
  readonly timezone?: string | undefined;
}

/** Any sensible expression is far shorter; a list of all minutes has 169 characters. */
const maxLength = 512;
const fieldNames = ["second", "minute", "hour", "dayOfMonth", "monthOfYear", "dayOfWeek"] as const;

const nicknames: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/**
 * Times of the calendar, from a cron expression of five fields (minute, hour, day of the month, month, day of the week) or six (seconds first), or
 * from fields by name. Names (`MON`, `JAN`), lists, ranges, steps, `L`, `W`, `#` and nicknames such as `@daily` are read.
 * Where clocks change, a time of day that is jumped over is due at the next valid instant, and one that comes twice is due once.
 * @throws SCHEDULE_INVALID
 */
export function crontab(expression: string | CrontabFields, options: CrontabOptions = {}): Schedule {
  checkScheduleOptions(options, "crontab", ["timezone"]);
  return new Crontab(expression, options);
}

class Crontab implements Schedule {
  readonly #spec: CrontabSpec;
  readonly #calendar: ZonedCalendar;

  constructor(expression: string | CrontabFields, { timezone = "UTC" }: CrontabOptions) {
    const zone = TimeZone.of(timezone);
    const isText = typeof expression === "string";
    const texts = isText ? splitExpression(expression) : textsOf(expression);
    this.#calendar = zonedCalendar(new CronCalendar(texts, isText ? "either" : "both"), zone);
    this.#spec = { type: "crontab", expression: isText ? expression.trim() : { ...expression }, timezone: zone.name };
  }

  next(afterMs: number): number | undefined {
    return this.#calendar.next(afterMs) ?? this.#fail(afterMs);
  }

  previous(beforeMs: number): number | undefined {
    return this.#calendar.previous(beforeMs) ?? this.#fail(beforeMs);
  }

  toJSON(): CrontabSpec {
    return this.#spec;
  }

  toString(): string {
    const { expression, timezone } = this.#spec;
    return `crontab(${JSON.stringify(expression)}, ${timezone})`;
  }

  #fail(fromMs: number): never {
    throw new ScheduleHorizonError(this.toString(), fromMs);
  }
}

function splitExpression(expression: string): CronFieldTexts {
  if (expression.length > maxLength) throw badExpression(expression);
  const text = expression.trim();
  const known = nicknames.get(text.toLowerCase()) ?? text;
  const fields = known.split(/[ \t]+/);
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, ...more] = fields.length === 5 ? ["0", ...fields] : fields;
  if (
    second === undefined ||
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    more.length > 0
  ) {
    throw badExpression(expression);
  }
  return { second, minute, hour, dayOfMonth, month, dayOfWeek };
}

function badExpression(expression: string): ScheduleValidationError {
  return new ScheduleValidationError(
    `A cron expression has five fields (minute hour day-of-month month day-of-week), or six with seconds first, in at most ${maxLength} characters; it is ${quoteValue(expression)}.`,
  );
}

function textsOf(fields: CrontabFields): CronFieldTexts {
  if (typeof fields !== "object" || fields === null) {
    throw new ScheduleValidationError(
      `crontab takes a cron expression or an object of fields; it is ${quoteValue(fields)}.`,
    );
  }
  const unknown = Object.keys(fields).find((name) => !fieldNames.some((known) => known === name));
  if (unknown !== undefined) {
    throw new ScheduleValidationError(
      `A crontab has no field ${quoteValue(unknown)}; it has ${fieldNames.join(", ")}.`,
    );
  }
  const { second = 0, minute = "*", hour = "*", dayOfMonth = "*", monthOfYear = "*", dayOfWeek = "*" } = fields;
  return {
    second: fieldText(second),
    minute: fieldText(minute),
    hour: fieldText(hour),
    dayOfMonth: fieldText(dayOfMonth),
    month: fieldText(monthOfYear),
    dayOfWeek: fieldText(dayOfWeek),
  };
}

function fieldText(field: unknown): string {
  if (typeof field === "string" && field.length <= maxLength) return field.replaceAll(" ", "");
  if (typeof field === "number") return String(field);
  const isList = Array.isArray(field) && field.length <= 60 && field.every((value) => typeof value === "number");
  if (isList) return field.join(",");
  throw new ScheduleValidationError(
    `A field of a crontab is text of at most ${maxLength} characters, a number or a list of numbers; it is ${quoteValue(field)}.`,
  );
}
