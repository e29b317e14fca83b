import { OptionError } from "@lovage/foundation";

import { instantOfLocal } from "./local-time.ts";

/** First and last instant that a four-digit year can write; Python knows no other. */
const firstMs = new Date(0).setUTCFullYear(1, 0, 1);
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether an instant can be written at all. */
export function isWireTime(ms: number): boolean {
  return ms >= firstMs && ms <= lastMs;
}

/**
 * An instant as Celery writes it, always in UTC and with six digits: an old Python reader takes the digits after the
 * point as a count of microseconds, so that `.123` would be 123 µs (wire format, 1.6).
 * @throws OPTION_INVALID that names `field` for an instant outside of the years 1 to 9999
 */
export function formatWireTime(ms: number, field: string): string {
  if (!isWireTime(ms)) {
    throw new OptionError(`${field} must be an instant in the years 1 to 9999; it is ${ms} ms from 1970.`, { field });
  }
  return `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(Z|z|[+-]\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d+)?)?)?)?$/;

/** Longest text that is looked at. */
const maxLength = 64;

/**
 * The instant of a text such as `2026-11-20T18:43:13.401201-05:00`, to the millisecond. Any number of digits after the
 * point; `Z`, an offset, or neither: then it is local time of `timezone`, as Celery reads it.
 * @returns `undefined` for what is no time
 */
export function parseWireTime(text: string, timezone: string): number | undefined {
  const match = text.length <= maxLength ? pattern.exec(text) : null;
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = "0", fraction = ""] = match;
  const local = new Date(0);
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, "0")));
  // A 30th of February rolls over; what comes out is then not what was written.
  const written = local.getUTCMonth() + 1 === Number(month) && local.getUTCDate() === Number(day);
  if (!written || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = match[8];
  return offset === undefined ? instantOfLocal(local.getTime(), timezone) : local.getTime() - offsetMs(offset);
}

function offsetMs(offset: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?:?(\d{2})?/.exec(offset);
  if (match === null) return 0;
  const [, sign, hours, minutes = "0", seconds = "0"] = match;
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return sign === "-" ? -ms : ms;
}
