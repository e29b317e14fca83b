/** A schedule as data; plain JSON. */
export type ScheduleSpec = AtSpec | CrontabSpec | EverySpec | SolarSpec;

/** One instant as data. */
export interface AtSpec {
  readonly type: "at";
  /** Unix ms. */
  readonly atMs: number;
}

/** An interval as data. */
export interface EverySpec {
  readonly type: "every";
  readonly intervalMs: number;
  /** Unix ms. */
  readonly anchorMs: number;
}

/** One field of {@link CrontabFields}: an item of a cron expression, a number, or a list of numbers. */
export type CrontabField = string | number | readonly number[];

/**
 * The fields by name, as in Celery's `crontab`. As there, a day must fit both `dayOfMonth` and `dayOfWeek`; in an expression, as in cron, one of them
 * is enough where neither is `*`.
 */
export interface CrontabFields {
  /** @default 0 */
  readonly second?: CrontabField | undefined;
  /** @default "*" */
  readonly minute?: CrontabField | undefined;
  /** @default "*" */
  readonly hour?: CrontabField | undefined;
  /** @default "*" */
  readonly dayOfMonth?: CrontabField | undefined;
  /** @default "*" */
  readonly monthOfYear?: CrontabField | undefined;
  /** @default "*" */
  readonly dayOfWeek?: CrontabField | undefined;
}

/** A crontab as data. */
export interface CrontabSpec {
  readonly type: "crontab";
  readonly expression: string | CrontabFields;
  readonly timezone: string;
}

/** What the sun does; the names are Celery's. */
export type SolarEvent =
  | "dawn_astronomical"
  | "dawn_nautical"
  | "dawn_civil"
  | "sunrise"
  | "solar_noon"
  | "sunset"
  | "dusk_civil"
  | "dusk_nautical"
  | "dusk_astronomical";

/** A place on Earth. */
export interface SolarPlace {
  /** Degrees, -90 to 90, north positive. */
  readonly latitude: number;
  /** Degrees, -180 to 180, east positive. */
  readonly longitude: number;
}

/** An event of the sun as data. */
export interface SolarSpec extends SolarPlace {
  readonly type: "solar";
  readonly event: SolarEvent;
}
