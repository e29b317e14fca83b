import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crontab } from "../crontab.ts";
import { changesOf, scanMinutes } from "../test-support/minute-scan.ts";
import type { CronMeaning } from "../test-support/minute-scan.ts";

/** All zones and all their changes, which takes about half an hour, instead of a sample. */
const isFull = process.env["LOVAGE_CRON_FULL"] === "1";

const timeout = isFull ? 7_200_000 : 120_000;
const dayMs = 86_400_000;
const years = [Date.UTC(2020, 0, 1), Date.UTC(2041, 0, 1)] as const;
const zones = Intl.supportedValuesOf("timeZone");

const values = (min: number, max: number): fc.Arbitrary<readonly number[]> =>
  fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 });

/** A field as text with the values that it means; `undefined` for `*`. */
const field = (min: number, max: number): fc.Arbitrary<{ text: string; set: ReadonlySet<number> | undefined }> =>
  fc.oneof(
    fc.constant({ text: "*", set: undefined }),
    values(min, max).map((list) => ({ text: list.join(","), set: new Set(list) })),
    fc.integer({ min: 2, max: Math.floor((max - min) / 2) }).map((step) => {
      const list = Array.from({ length: max - min + 1 }, (_, index) => min + index).filter((_, i) => i % step === 0);
      return { text: `*/${step}`, set: new Set(list) };
    }),
  );

const daysInMonth = (local: Date): number =>
  new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();

/** Days told in other ways, each with what it means. */
const specialDays: readonly (readonly [text: string, fits: (local: Date) => boolean])[] = [
  ["L * *", (local) => local.getUTCDate() === daysInMonth(local)],
  ["L-3 * *", (local) => local.getUTCDate() === daysInMonth(local) - 3],
  ["* * 0L", (local) => local.getUTCDay() === 0 && local.getUTCDate() > daysInMonth(local) - 7],
  ["* * SUN#2", (local) => local.getUTCDay() === 0 && Math.ceil(local.getUTCDate() / 7) === 2],
];

const plainDays = fc.record({ day: field(1, 31), month: field(1, 12), weekday: field(0, 6) }).map(
  ({ day, month, weekday }) =>
    [
      `${day.text} ${month.text} ${weekday.text}`,
      (local: Date) => {
        const byDay = day.set?.has(local.getUTCDate());
        const byWeekday = weekday.set?.has(local.getUTCDay());
        const isDay =
          byDay === undefined || byWeekday === undefined ? (byDay ?? byWeekday ?? true) : byDay || byWeekday;
        return isDay && (month.set?.has(local.getUTCMonth() + 1) ?? true);
      },
    ] as const,
);

const meaning: fc.Arbitrary<CronMeaning> = fc
  .record({
    minute: field(0, 59),
    hour: fc.oneof(field(0, 23), field(0, 4)),
    days: fc.oneof(fc.constant(["* * *", () => true] as const), plainDays, fc.constantFrom(...specialDays)),
  })
  .filter(({ hour }) => !hour.text.startsWith("*/") || hour.set === undefined || hour.set.size > 3)
  .map(({ minute, hour, days: [text, isDay] }) => ({
    expression: `${minute.text} ${hour.set === undefined ? "*" : [...hour.set].join(",")} ${text}`,
    hasAllHours: hour.set === undefined || hour.set.size === 24,
    fits: (local) =>
      (minute.set?.has(local.getUTCMinutes()) ?? true) && (hour.set?.has(local.getUTCHours()) ?? true) && isDay(local),
  }));

function walk(expression: string, zone: string, [fromMs, toMs]: readonly [number, number]): [number[], number[]] {
  const schedule = crontab(expression, { timezone: zone });
  const forward: number[] = [];
  for (let at = schedule.next(fromMs)!; at < toMs; at = schedule.next(at)!) forward.push(at);
  const backward: number[] = [];
  for (let at = schedule.previous(toMs)!; at > fromMs; at = schedule.previous(at)!) backward.unshift(at);
  return [forward, backward];
}

function compare(crontabs: CronMeaning, zone: string, aroundMs: number): void {
  const span = [aroundMs - dayMs, aroundMs + dayMs] as const;
  const scanned = scanMinutes(crontabs, zone, span);
  const [forward, backward] = walk(crontabs.expression, zone, span);
  expect(forward.map((atMs) => new Date(atMs))).toEqual(scanned.map((atMs) => new Date(atMs)));
  expect(backward).toEqual(scanned);
}

describe("next and previous find what a look at every minute finds", () => {
  test("at any time, in any zone", { timeout }, () => {
    const minute = fc.integer({ min: years[0] / 60_000, max: years[1] / 60_000 }).map((count) => count * 60_000);
    fc.assert(fc.property(meaning, fc.constantFrom(...zones), minute, compare), { numRuns: isFull ? 20_000 : 60 });
  });

  test("where the clocks change", { timeout }, () => {
    if (!isFull) {
      const someZones = fc.constantFrom(
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Africa/Casablanca",
        "Pacific/Chatham",
        "America/Santiago",
        "Antarctica/Troll",
        "Asia/Tehran",
        "Africa/Cairo",
        "Asia/Gaza",
      );
      const year = fc.integer({ min: 2020, max: 2040 });
      fc.assert(
        fc.property(meaning, someZones, year, fc.nat(), (crontabs, zone, inYear, pick) => {
          const changes = changesOf(zone, [Date.UTC(inYear, 0, 1), Date.UTC(inYear + 1, 0, 1)]);
          if (changes.length > 0) compare(crontabs, zone, changes[pick % changes.length]!);
        }),
        { numRuns: 60 },
      );
      return;
    }
    for (const [index, zone] of zones.entries()) {
      // oxlint-disable-next-line no-console -- half an hour without a sign is too long
      if (index % 20 === 0) console.log(`${index} of ${zones.length} zones scanned.`);
      for (const changeMs of changesOf(zone, years)) {
        fc.assert(
          fc.property(meaning, (crontabs) => compare(crontabs, zone, changeMs)),
          { numRuns: 4 },
        );
      }
    }
  });
});
