import { quoteValue } from "@lovage/foundation";
import { ScheduleValidationError } from "../schedule-errors.ts";

/** What a field of a cron expression may hold. */
export interface CronFieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names for values, the first for `min` (of days of the week: for 0). */
  readonly names?: readonly string[];
  /** A further number for the lowest value: 7 for Sunday. */
  readonly alias?: number;
}

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Names of the fields. */
export type CronFieldName = "second" | "minute" | "hour" | "dayOfMonth" | "month" | "dayOfWeek";

/** What each field may hold. */
export const cronFieldRules: Readonly<Record<CronFieldName, CronFieldRule>> = {
  second: { name: "second", min: 0, max: 59 },
  minute: { name: "minute", min: 0, max: 59 },
  hour: { name: "hour", min: 0, max: 23 },
  dayOfMonth: { name: "day of the month", min: 1, max: 31 },
  month: { name: "month", min: 1, max: 12, names: monthNames },
  dayOfWeek: { name: "day of the week", min: 0, max: 6, names: weekdayNames, alias: 7 },
};

/** The items of a field's list. @throws SCHEDULE_INVALID for an empty one */
export function splitField(text: string, rule: CronFieldRule): readonly string[] {
  const items = text.split(",");
  if (items.includes("")) throw badItem(text, rule);
  return items;
}

/**
 * The values of one item: `*`, `5`, `MON`, `1-5`, `FRI-MON` (over the end), and a step behind any of them. `5/10` goes on to the end.
 * @throws SCHEDULE_INVALID
 */
export function readItem(item: string, rule: CronFieldRule): readonly number[] {
  const [range = "", step, ...more] = item.split("/");
  if (more.length > 0) throw badItem(item, rule);
  const by = step === undefined ? 1 : readStep(step, rule);
  const all = expand(range, step !== undefined, rule);
  return by === 1 ? all : all.filter((_, index) => index % by === 0);
}

/** One value, by number or name. @throws SCHEDULE_INVALID */
export function readValue(text: string, rule: CronFieldRule): number {
  const named = rule.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + rule.min;
  const value = readNumber(text);
  if (value !== undefined && value === rule.alias) return rule.min;
  if (value !== undefined && value >= rule.min && value <= rule.max) return value;
  throw badItem(text, rule);
}

/** A whole number in ASCII digits. */
export function readNumber(text: string): number | undefined {
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined;
}

/** What to say of an item that cannot be read. */
export function badItem(item: string, { name, min, max }: CronFieldRule): ScheduleValidationError {
  return new ScheduleValidationError(
    `${quoteValue(item)} is no ${name} of a cron expression: it takes ${min} to ${max}, lists (1,5), ranges (1-5) and steps (*/5).`,
  );
}

function expand(range: string, hasStep: boolean, rule: CronFieldRule): readonly number[] {
  const { min, max } = rule;
  if (range === "*" || range === "?") return sequence(min, max);
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0) throw badItem(range, rule);
  const first = readValue(from, rule);
  if (to === undefined) return hasStep ? sequence(first, max) : [first];
  const last = readValue(to, rule);
  if (first <= last) return sequence(first, last);
  return [...sequence(first, max), ...sequence(min, last)];
}

function readStep(text: string, rule: CronFieldRule): number {
  const step = readNumber(text);
  if (step !== undefined && step >= 1 && step <= rule.max - rule.min) return step;
  throw new ScheduleValidationError(
    `The step ${quoteValue(text)} of the ${rule.name} in a cron expression must be a whole number from 1 to ${rule.max - rule.min}.`,
  );
}

function sequence(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
