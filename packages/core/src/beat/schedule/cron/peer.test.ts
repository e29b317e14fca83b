import { Cron } from "croner";
import { describe, expect, test } from "vitest";
import { crontab } from "../crontab.ts";

const count = 40;
const start = "2026-01-15T10:20:30Z";

function ours(expression: string, timezone: string, after = start): readonly string[] {
  const schedule = crontab(expression, { timezone });
  const found: number[] = [];
  for (let atMs = Date.parse(after); found.length < count; found.push(atMs)) atMs = schedule.next(atMs)!;
  return found.map((atMs) => new Date(atMs).toISOString());
}

function theirs(expression: string, timezone: string, after = start): readonly string[] {
  return new Cron(expression, { timezone }).nextRuns(count, new Date(after)).map((date) => date.toISOString());
}

describe("croner, a well-kept library, agrees", () => {
  test.each(
    [
      "30 7 * * *",
      "*/15 * * * *",
      "0 9-17/2 * * MON-FRI",
      "5,35 0,12 1,15 * *",
      "0 0 29 2 *",
      "15 30 6 * * *",
      "0 0 L * *",
      "0 0 15W * *",
      "0 0 LW * *",
      "0 12 * * FRI#2",
      "0 12 * * 5L",
      "0 0 13 * 5",
      "0 0 1 JAN,JUL *",
      "@weekly",
      "59 23 31 12 *",
      "0 4 8-14 * *",
      "*/7 3 * 6-8 0",
      "0 0 * * 7",
    ].flatMap((expression) => ["UTC", "Asia/Tokyo", "America/Sao_Paulo"].map((zone) => [expression, zone] as const)),
  )("on %s in %s", (expression, zone) => {
    expect(ours(expression, zone)).toEqual(theirs(expression, zone));
  });
});

describe("where clocks change, croner agrees", () => {
  test.each([
    ["a time of day that is jumped over", "30 2 * * *", "2026-03-28T12:00:00Z"],
    ["several times of day that are jumped over", "0,30 2,3 * * *", "2026-03-28T12:00:00Z"],
    ["a time of day that comes twice", "30 2 * * *", "2026-10-24T12:00:00Z"],
    ["every half hour, forward", "*/30 * * * *", "2026-03-28T22:00:00Z"],
    ["every half hour, back", "*/30 * * * *", "2026-10-24T22:00:00Z"],
    ["every hour", "30 * * * *", "2026-03-28T22:00:00Z"],
  ])("on %s", (_name, expression, after) => {
    expect(ours(expression, "Europe/Berlin", after)).toEqual(theirs(expression, "Europe/Berlin", after));
  });
});

describe("croner differs", () => {
  test("of several times of day that come twice, it runs all twice; ours run once, as a single one does with both", () => {
    const [expression, after] = ["0,30 2,3 * * *", "2026-10-24T12:00:00Z"];
    const repeated = ["2026-10-25T01:00:00.000Z", "2026-10-25T01:30:00.000Z"];
    expect(theirs(expression, "Europe/Berlin", after)).toEqual(expect.arrayContaining(repeated));
    expect(ours(expression, "Europe/Berlin", after)).not.toEqual(expect.arrayContaining(repeated));
  });

  test("it takes a step as long as its field, which never steps: a slip that ours refuses", () => {
    expect(theirs("*/60 * * * *", "UTC")).toHaveLength(count);
    expect(() => ours("*/60 * * * *", "UTC")).toThrow("The step");
  });

  test.each([
    ["ranges over the end, which Celery reads", "0 22-2 * * *"],
    ["names over the end", "0 0 * * FRI-MON"],
    ["days before the last, as Quartz has them", "0 0 L-2 * *"],
    ["a step from a number on, as Quartz has it", "5/20 * * * *"],
  ])("it does not read %s", (_name, expression) => {
    expect(() => theirs(expression, "UTC")).toThrow("CronPattern");
    expect(ours(expression, "UTC")).toHaveLength(count);
  });

  test("a day that never comes: it has no next run; ours is refused when it is written", () => {
    expect(theirs("0 0 30 2 *", "UTC")).toEqual([]);
    expect(() => ours("0 0 30 2 *", "UTC")).toThrow("never comes");
  });
});
