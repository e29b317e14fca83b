import { systemClock } from "@lovage/foundation";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crontab } from "./crontab.ts";

const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace(".000Z", "Z");
const next = (expression: Parameters<typeof crontab>[0], after: string, timezone = "UTC"): string | undefined =>
  iso(crontab(expression, { timezone }).next(Date.parse(after)));
const previous = (expression: string, before: string, timezone = "UTC"): string | undefined =>
  iso(crontab(expression, { timezone }).previous(Date.parse(before)));

const outcomeOf = (expression: string): string => {
  try {
    return crontab(expression).next(0) === undefined ? "never" : "due";
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
};

/** The shortest of some attempts, in ms: what it takes, whatever else the machine does. */
const bestOf = (attempts: number, work: () => void): number =>
  Math.min(
    ...Array.from({ length: attempts }, () => {
      const startedAtMs = systemClock.monotonic();
      work();
      return systemClock.monotonic() - startedAtMs;
    }),
  );

describe("syntax", () => {
  test.each([
    ["30 7 * * *", "2026-01-01T07:30:00Z"],
    ["*/15 * * * *", "2026-01-01T00:15:00Z"],
    ["5/20 * * * *", "2026-01-01T00:05:00Z"],
    ["10-40/15 * * * *", "2026-01-01T00:10:00Z"],
    ["0 22-4/3 * * *", "2026-01-01T01:00:00Z"],
    ["0 0 1 feb *", "2026-02-01T00:00:00Z"],
    ["0 0 * * Mon", "2026-01-05T00:00:00Z"],
    ["0 0 * * 7", "2026-01-04T00:00:00Z"],
    ["0 0 * * FRI-MON", "2026-01-02T00:00:00Z"],
    ["0 0 ? * 1", "2026-01-05T00:00:00Z"],
    ["0 0 L * *", "2026-01-31T00:00:00Z"],
    ["0 0 L-2 * *", "2026-01-29T00:00:00Z"],
    ["0 0 LW * *", "2026-01-30T00:00:00Z"],
    ["0 0 31W 1 *", "2026-01-30T00:00:00Z"],
    ["0 0 1W 2 *", "2026-02-02T00:00:00Z"],
    ["0 0 15W * *", "2026-01-15T00:00:00Z"],
    ["0 0 * * 5L", "2026-01-30T00:00:00Z"],
    ["0 0 * * thu#5", "2026-01-29T00:00:00Z"],
    ["0 0 29 2 *", "2028-02-29T00:00:00Z"],
    ["30 0 0 * * *", "2026-01-01T00:00:30Z"],
    ["@monthly", "2026-02-01T00:00:00Z"],
    ["  0\t12  *  *  * ", "2026-01-01T12:00:00Z"],
  ])("%s is next due at %s", (expression, expected) => {
    expect(next(expression, "2026-01-01T00:00:00Z")).toBe(expected);
  });

  test("where both fields of days are given, an expression means either, as cron, and fields by name both, as Celery", () => {
    expect(next("0 0 13 * 5", "2026-01-01T00:00:00Z")).toBe("2026-01-02T00:00:00Z");
    const fields = { minute: 0, hour: 0, dayOfMonth: 13, dayOfWeek: "fri" };
    expect(next(fields, "2026-01-01T00:00:00Z")).toBe("2026-02-13T00:00:00Z");
  });

  test("fields by name default to every minute, and take numbers and lists", () => {
    expect(next({}, "2026-01-01T00:00:30Z")).toBe("2026-01-01T00:01:00Z");
    expect(next({ minute: [15, 45], hour: 3 }, "2026-01-01T03:20:00Z")).toBe("2026-01-01T03:45:00Z");
  });

  test.each([
    "*/0 * * * *",
    "*/-2 * * * *",
    "*/60 * * * *",
    "* */24 * * *",
    "0 0 30 2 *",
    "0 0 31 4,6 *",
    "60 * * * *",
    "-1 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * L-31 * *",
    "* * * 13 *",
    "* * * * 8",
    "* * * * 1#6",
    "* * * * 1#0",
    "* * * * L",
    "* * W * *",
    "1-2-3 * * * *",
    "1//2 * * * *",
    "1,,2 * * * *",
    ", * * * *",
    "١ * * * *",
    "１ * * * *",
    "1e1 * * * *",
    "0x1 * * * *",
    "1.5 * * * *",
    "* * * *",
    "* * * * * * *",
    "",
    "@never",
    "* * * FOO *",
    "* * * * MONDAY",
  ])("%j is refused", (expression) => {
    expect(() => crontab(expression)).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID" }) as Error);
  });

  test.each([
    ["an expression of 10 kB", "1".repeat(10_000)],
    ["a list of 10 000 items", `${Array.from({ length: 10_000 }, (_, index) => index % 60).join(",")} * * * *`],
    ["many dashes", `${"1-".repeat(5_000)} * * * *`],
    ["many blanks", `* ${" ".repeat(10_000)} * * *`],
    ["a field by name of 10 kB", { minute: "1,".repeat(5_000) }],
    ["a list of 10 000 numbers", { minute: Array.from({ length: 10_000 }, () => 1) }],
    ["an unknown field", { minutes: 1 }],
    ["no expression", null],
    ["a number", 5],
  ])("%s is refused", (_name, expression) => {
    expect(() => crontab(expression as never)).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID" }) as Error);
  });

  test("refusing takes less than 5 ms, and finding the next instant, too", () => {
    const hostile = [
      "1".repeat(10_000),
      `${"1,".repeat(10_000)}1 * * * *`,
      `* ${" ".repeat(10_000)}* * *`,
      `${"0-59,".repeat(85)}0 * * * *`,
      "0 0 30 2 *",
      "0 0 31W 2,4,6,9,11 *",
      "* * * * 1#5",
    ];
    const seldom = crontab("59 59 23 29 2 *", { timezone: "America/New_York" });
    const works = [
      ...hostile.map((expression) => () => void outcomeOf(expression)),
      () => void seldom.next(Date.parse("2096-03-01T00:00:00Z")),
      () => void seldom.previous(Date.parse("2104-02-28T00:00:00Z")),
    ];
    for (const work of works) expect(bestOf(5, work)).toBeLessThan(5);
  });

  test("whatever the text, it is read or refused with SCHEDULE_INVALID, in bounded work", () => {
    const token = fc.constantFrom(
      "*",
      "/",
      "-",
      ",",
      "#",
      "L",
      "W",
      "?",
      "0",
      "5",
      "59",
      "99",
      " ",
      "MON",
      "x",
      "\u0661",
    );
    const hostile = fc.array(token, { maxLength: 400 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: "binary" })), (expression) => {
        expect(outcomeOf(expression)).toMatch(/^(due|SCHEDULE_INVALID|SCHEDULE_HORIZON)$/);
      }),
      { examples: [["__proto__"], ["constructor"]] },
    );
  });

  test.each([
    ["an unknown zone", "Mars/Olympus"],
    ["no text", 5],
    ["a huge name", "x".repeat(10_000)],
  ])("%s is refused", (_name, timezone) => {
    expect(() => crontab("* * * * *", { timezone: timezone as string })).toThrow(/timezone must be a name/);
  });

  test("its data make the same schedule again", () => {
    const schedule = crontab("30 7 * * MON", { timezone: "Europe/Berlin" });
    expect(schedule.toJSON()).toEqual({ type: "crontab", expression: "30 7 * * MON", timezone: "Europe/Berlin" });
    expect(String(schedule)).toBe('crontab("30 7 * * MON", Europe/Berlin)');
  });
});

describe("days that come seldom", () => {
  test("the 29th of February is found over a century without one", () => {
    expect(next("0 0 29 2 *", "2096-02-29T00:00:00Z")).toBe("2104-02-29T00:00:00Z");
    expect(previous("0 0 29 2 *", "2104-02-29T00:00:00Z")).toBe("2096-02-29T00:00:00Z");
  });

  test("what does not come within 8 years is an error", () => {
    const schedule = crontab({ minute: 0, hour: 0, dayOfMonth: 29, monthOfYear: 2, dayOfWeek: "mon" });
    expect(iso(schedule.next(Date.parse("2040-01-01T00:00:00Z")))).toBe("2044-02-29T00:00:00Z");
    const seek = (): unknown => schedule.next(Date.parse("2026-01-01T00:00:00Z"));
    expect(seek).toThrow(expect.objectContaining({ code: "SCHEDULE_HORIZON" }) as Error);
  });
});

describe("where clocks change (Berlin, 2026: 29 March 02:00 to 03:00, 25 October 03:00 to 02:00)", () => {
  const berlin = "Europe/Berlin";

  test("a time that is jumped over is due at the next valid instant", () => {
    expect(next("30 2 * * *", "2026-03-28T12:00:00Z", berlin)).toBe("2026-03-29T01:00:00Z");
    expect(next("30 2 * * *", "2026-03-29T01:00:00Z", berlin)).toBe("2026-03-30T00:30:00Z");
    expect(previous("30 2 * * *", "2026-03-29T12:00:00Z", berlin)).toBe("2026-03-29T01:00:00Z");
    expect(previous("30 2 * * *", "2026-03-29T01:00:00Z", berlin)).toBe("2026-03-28T01:30:00Z");
  });

  test("several times that are jumped over are due once", () => {
    expect(next("0,30 2,3 * * *", "2026-03-29T00:00:00Z", berlin)).toBe("2026-03-29T01:00:00Z");
    expect(next("0,30 2,3 * * *", "2026-03-29T01:00:00Z", berlin)).toBe("2026-03-29T01:30:00Z");
  });

  test("a time that comes twice is due the first time", () => {
    expect(next("30 2 * * *", "2026-10-24T12:00:00Z", berlin)).toBe("2026-10-25T00:30:00Z");
    expect(next("30 2 * * *", "2026-10-25T00:30:00Z", berlin)).toBe("2026-10-26T01:30:00Z");
    expect(next("30 2 * * *", "2026-10-25T01:10:00Z", berlin)).toBe("2026-10-26T01:30:00Z");
    expect(previous("30 2 * * *", "2026-10-25T01:10:00Z", berlin)).toBe("2026-10-25T00:30:00Z");
  });

  test("what is due every so many minutes goes on as time passes", () => {
    expect(next("*/30 * * * *", "2026-10-25T00:30:00Z", berlin)).toBe("2026-10-25T01:00:00Z");
    expect(next("*/30 * * * *", "2026-10-25T01:00:00Z", berlin)).toBe("2026-10-25T01:30:00Z");
    expect(next("30 * * * *", "2026-03-29T00:30:00Z", berlin)).toBe("2026-03-29T01:30:00Z");
    expect(previous("30 * * * *", "2026-10-25T01:30:00Z", berlin)).toBe("2026-10-25T00:30:00Z");
  });

  test("ten years of a schedule take well under a second", () => {
    const schedule = crontab("30 7 * * *", { timezone: berlin });
    let atMs: number | undefined = Date.parse("2026-01-01T00:00:00Z");
    let count = 0;
    for (; atMs !== undefined && atMs < Date.parse("2036-01-01T00:00:00Z"); count += 1) atMs = schedule.next(atMs);
    expect(count).toBe(3_653);
  });
});
