import { badItem, cronFieldRules, readItem, readNumber, readValue, splitField } from "./cron-field.ts";
import type { CronFieldRule } from "./cron-field.ts";

/** One month, as rules about days see it. */
interface Month {
  readonly days: number;
  /** Day of the week of its first day, 0 for Sunday. */
  readonly firstWeekday: number;
}

/** The days of a month that a rule means. */
type DayRule = (month: Month) => readonly number[];

/** What the two fields of days mean together. */
export interface CronDays {
  /** Days of a month (1 to 12) of a year, in order. */
  daysOf(year: number, month: number): readonly number[];
}

/**
 * How the two fields go together where neither is `*`.
 *
 * | value | a day is meant | who does so |
 * |---|---|---|
 * | `either` | if one of them says so | cron |
 * | `both` | if both say so | Celery |
 */
export type DayLogic = "either" | "both";

/** Reads both fields of days. @throws SCHEDULE_INVALID */
export function readDays(dayOfMonth: string, dayOfWeek: string, logic: DayLogic): CronDays {
  const monthRules = readField(dayOfMonth, cronFieldRules.dayOfMonth, readMonthDay);
  const weekRules = readField(dayOfWeek, cronFieldRules.dayOfWeek, readWeekDay);
  const isAnd = logic === "both" || isEvery(monthRules, 31) || isEvery(weekRules, 31);
  return {
    daysOf: (year, month) => {
      const facts = factsOf(year, month);
      const byMonth = daysBy(monthRules, facts);
      const byWeek = daysBy(weekRules, facts);
      const all = Array.from({ length: facts.days }, (_, index) => index + 1);
      return all.filter((day) => (isAnd ? byMonth.has(day) && byWeek.has(day) : byMonth.has(day) || byWeek.has(day)));
    },
  };
}

function readField(text: string, rule: CronFieldRule, read: (item: string) => DayRule): readonly DayRule[] {
  return splitField(text, rule).map(read);
}

/** `L` the last, `L-3` three before it, `LW` the last from Monday to Friday, `15W` the one of those next to the 15th in the month. */
function readMonthDay(item: string): DayRule {
  const text = item.toUpperCase();
  const rule = cronFieldRules.dayOfMonth;
  if (text === "LW") return (month) => [nearestWeekday(month.days, month)];
  if (text === "L") return ({ days }) => [days];
  if (text.startsWith("L-")) {
    const before = readNumber(text.slice(2));
    if (before === undefined || before > 30) throw badItem(item, rule);
    return ({ days }) => [days - before];
  }
  if (text.endsWith("W")) {
    const near = readValue(text.slice(0, -1), rule);
    return (month) => (near <= month.days ? [nearestWeekday(near, month)] : []);
  }
  const values = readItem(item, rule);
  return ({ days }) => values.filter((day) => day <= days);
}

/** `5L` the last Friday, `FRI#2` the second. */
function readWeekDay(item: string): DayRule {
  const rule = cronFieldRules.dayOfWeek;
  const [day = "", nth, ...more] = item.split("#");
  if (more.length > 0) throw badItem(item, rule);
  if (nth !== undefined) {
    const weekday = readValue(day, rule);
    const count = readNumber(nth);
    if (count === undefined || count < 1 || count > 5) throw badItem(item, rule);
    return (month) => weekdaysOf(weekday, month).slice(count - 1, count);
  }
  if (item.length > 1 && /L$/i.test(item)) {
    const weekday = readValue(item.slice(0, -1), rule);
    return (month) => weekdaysOf(weekday, month).slice(-1);
  }
  const values = readItem(item, rule);
  return (month) => values.flatMap((weekday) => weekdaysOf(weekday, month));
}

function weekdaysOf(weekday: number, { days, firstWeekday }: Month): readonly number[] {
  const first = 1 + ((weekday - firstWeekday + 7) % 7);
  return Array.from({ length: Math.floor((days - first) / 7) + 1 }, (_, week) => first + 7 * week);
}

function nearestWeekday(day: number, { days, firstWeekday }: Month): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === days ? day - 2 : day + 1;
  return day;
}

function daysBy(rules: readonly DayRule[], month: Month): ReadonlySet<number> {
  return new Set(rules.flatMap((rule) => rule(month)));
}

function isEvery(rules: readonly DayRule[], days: number): boolean {
  return daysBy(rules, { days, firstWeekday: 0 }).size === days;
}

function factsOf(year: number, month: number): Month {
  return {
    days: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    firstWeekday: new Date(Date.UTC(year, month - 1, 1)).getUTCDay(),
  };
}
