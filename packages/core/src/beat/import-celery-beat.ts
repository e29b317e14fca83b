import { ConfigurationError, isLovageError, quoteValue, validateOptions, withoutUndefined } from "@lovage/foundation";
import {
  array,
  boolean,
  literal,
  nullish,
  number,
  optional,
  record,
  strictObject,
  string,
  union,
  unknown,
  type InferOutput,
} from "valibot";
import type { ScheduledCallOptions, ScheduleOptions } from "./definition/schedule-options.ts";
import { checkScheduleOptions } from "./schedule/check-schedule-options.ts";
import { crontab } from "./schedule/crontab.ts";
import type { CrontabField } from "./schedule/schedule-spec.ts";
import { every } from "./schedule/every.ts";
import type { Schedule } from "./schedule/schedule.ts";
import { solar } from "./schedule/solar.ts";
import type { SolarEvent } from "./schedule/schedule-spec.ts";

/** How Celery's entries are read. */
export interface CeleryBeatOptions {
  /** Celery's setting `timezone`, which its crontabs are in. @default "UTC", as there */
  readonly timezone?: string | undefined;
}

/** What it takes to understand one entry; what is not in the list has no meaning here and is refused. */
const field = optional(union([string(), number(), array(number())]));
const crontabEntry = strictObject({
  __type__: optional(literal("crontab")),
  minute: field,
  hour: field,
  day_of_week: field,
  day_of_month: field,
  month_of_year: field,
});
const intervalEntry = strictObject({
  __type__: literal("interval"),
  every: number(),
  relative: optional(boolean()),
});
const solarEntry = strictObject({
  __type__: literal("solar"),
  event: string(),
  lat: number(),
  lon: number(),
});
const entries = record(
  string(),
  strictObject({
    task: string(),
    schedule: union([number(), intervalEntry, solarEntry, crontabEntry]),
    args: nullish(array(unknown())),
    kwargs: nullish(record(string(), unknown())),
    options: nullish(
      strictObject({
        queue: optional(string()),
        priority: optional(number()),
        expires: optional(number()),
        time_limit: optional(number()),
        soft_time_limit: optional(number()),
        headers: optional(record(string(), unknown())),
        ignore_result: optional(boolean()),
      }),
    ),
    relative: optional(boolean()),
  }),
);

type CeleryEntry = InferOutput<typeof entries>[string];

/**
 * The setting `beat_schedule` of Celery, as JSON, for `createApp({ schedules })`. A schedule is a number of seconds, the fields of a crontab
 * (`{ "minute": 30, "hour": "7-9" }`), `{ "__type__": "interval", "every": 10 }`, or `{ "__type__": "solar", "event", "lat", "lon" }`; the forms of
 * redbeat. Celery counts an interval from its last run, Lovage from 1970, so that all beats agree.
 * @param value What `JSON.parse` gives.
 * @throws CONFIGURATION_INVALID that names the entry and what in it has no meaning here; SCHEDULE_INVALID
 */
export function importCeleryBeat(
  value: unknown,
  options: CeleryBeatOptions = {},
): Readonly<Record<string, ScheduleOptions>> {
  checkScheduleOptions(options, "importCeleryBeat", ["timezone"]);
  const { timezone = "UTC" } = options;
  const checked = validateOptions(entries, value);
  if (checked.issues !== undefined) {
    throw new ConfigurationError(`Celery's beat_schedule cannot be imported: ${checked.issues.join("; ")}.`);
  }
  return Object.fromEntries(
    Object.entries(checked.value).map(([name, entry]) => [name, readEntry(name, entry, timezone)]),
  );
}

function readEntry(name: string, entry: CeleryEntry, timezone: string): ScheduleOptions {
  const { task } = entry;
  const [args, kwargs, options] = [entry.args ?? undefined, entry.kwargs ?? undefined, entry.options ?? undefined];
  return {
    task,
    schedule: readSchedule(name, entry.schedule, timezone),
    ...(args === undefined ? {} : { args }),
    ...(kwargs === undefined ? {} : { kwargs }),
    ...(options === undefined ? {} : { options: readCallOptions(options) }),
  };
}

function readSchedule(name: string, schedule: CeleryEntry["schedule"], timezone: string): Schedule {
  try {
    if (typeof schedule === "number") return every(schedule * 1_000);
    if ("every" in schedule) return every(schedule.every * 1_000);
    if ("event" in schedule) {
      return solar(schedule.event as SolarEvent, { latitude: schedule.lat, longitude: schedule.lon });
    }
    const { minute, hour, day_of_week: dayOfWeek, day_of_month: dayOfMonth, month_of_year: monthOfYear } = schedule;
    const fields: Record<string, CrontabField | undefined> = { minute, hour, dayOfWeek, dayOfMonth, monthOfYear };
    return crontab(fields, { timezone });
  } catch (error) {
    if (!isLovageError(error)) throw error;
    throw new ConfigurationError(`The schedule of entry ${quoteValue(name)} cannot be imported: ${error.message}`, {
      cause: error,
    });
  }
}

function readCallOptions(options: NonNullable<CeleryEntry["options"]>): ScheduledCallOptions {
  const { queue, priority, expires, headers } = options;
  return withoutUndefined({
    queue,
    priority,
    headers: headers as ScheduledCallOptions["headers"],
    expires: milliseconds(expires),
    timeLimit: milliseconds(options.time_limit),
    softTimeLimit: milliseconds(options.soft_time_limit),
    ignoreResult: options.ignore_result,
  });
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}
