import { describe, expect, test } from "vitest";
import { at } from "./at.ts";
import { every } from "./every.ts";
import { readScheduleSpec } from "./read-schedule-spec.ts";
import { crontab } from "./crontab.ts";
import { solar } from "./solar.ts";

const invalid: unknown = expect.objectContaining({ code: "SCHEDULE_INVALID" });
const ms = (text: string): number => Date.parse(text);

describe("every", () => {
  test("instants are counted from a fixed one, so that all processes agree", () => {
    const schedule = every("10s");
    expect(schedule.next(ms("2026-01-01T00:00:03Z"))).toBe(ms("2026-01-01T00:00:10Z"));
    expect(schedule.next(ms("2026-01-01T00:00:10Z"))).toBe(ms("2026-01-01T00:00:20Z"));
    expect(schedule.previous(ms("2026-01-01T00:00:10Z"))).toBe(ms("2026-01-01T00:00:00Z"));
    expect(schedule.previous(ms("2026-01-01T00:00:10.001Z"))).toBe(ms("2026-01-01T00:00:10Z"));
  });

  test("an anchor moves them", () => {
    const schedule = every("7d", { anchor: new Date("2026-01-05T09:00:00Z") });
    expect(schedule.next(ms("2026-01-01T00:00:00Z"))).toBe(ms("2026-01-05T09:00:00Z"));
    expect(schedule.next(ms("2026-01-05T09:00:00Z"))).toBe(ms("2026-01-12T09:00:00Z"));
  });

  test.each(["soon", 0, -1, Number.NaN, "99ms", "9000d", undefined])("%s is no interval", (interval) => {
    expect(() => every(interval as "1s")).toThrow(invalid);
  });

  test("an anchor must be a date", () => {
    expect(() => every("1s", { anchor: "today" as never })).toThrow(invalid);
  });
});

describe("at", () => {
  test("comes once", () => {
    const schedule = at(new Date(1_000));
    expect([schedule.next(999), schedule.next(1_000)]).toEqual([1_000, undefined]);
    expect([schedule.previous(1_000), schedule.previous(1_001)]).toEqual([undefined, 1_000]);
    expect(() => at(new Date(Number.NaN))).toThrow(invalid);
  });
});

describe("solar", () => {
  const berlin = { latitude: 52.52, longitude: 13.405 };
  // Times of the almanac for Berlin on 21 June 2026, in UTC.
  test.each([
    ["sunrise", "2026-06-21T02:43:00Z"],
    ["solar_noon", "2026-06-21T11:08:00Z"],
    ["sunset", "2026-06-21T19:33:00Z"],
  ] as const)("%s comes within two minutes of the almanac", (event, expected) => {
    const found = solar(event, berlin).next(ms("2026-06-21T00:00:00Z"));
    expect(Math.abs(found! - ms(expected))).toBeLessThan(120_000);
  });

  test("next and previous lead to each other, all the year and all around the Earth", () => {
    for (const longitude of [-179, -90, 0, 90, 179]) {
      const schedule = solar("sunset", { latitude: -33, longitude });
      let atMs = ms("2026-01-01T00:00:00Z");
      for (let day = 0; day < 365; day += 1) {
        const next = schedule.next(atMs)!;
        expect(schedule.previous(next + 1)).toBe(next);
        expect(schedule.next(next - 1)).toBe(next);
        atMs = next;
      }
      expect(Math.abs(atMs - ms("2027-01-01T00:00:00Z"))).toBeLessThan(2 * 86_400_000);
    }
  });

  test("polar days are passed over", () => {
    const tromso = solar("sunset", { latitude: 69.65, longitude: 18.96 });
    const next = tromso.next(ms("2026-06-01T00:00:00Z"))!;
    expect(new Date(next).toISOString().slice(0, 7)).toBe("2026-07");
  });

  test("what never comes is an error", () => {
    const schedule = solar("dusk_astronomical", { latitude: 90, longitude: 0 });
    expect(() => schedule.next(0)).toThrow(expect.objectContaining({ code: "SCHEDULE_HORIZON" }));
    expect(() => solar("noon" as never, berlin)).toThrow(invalid);
    expect(() => solar("sunset", { latitude: 91, longitude: 0 })).toThrow(invalid);
    expect(() => solar("sunset", { latitude: 0, longitude: Number.NaN })).toThrow(invalid);
  });
});

test("every kind of schedule is made again out of its data", () => {
  const schedules = [
    every("90s", { anchor: new Date(5) }),
    at(new Date(7)),
    crontab({ minute: [1, 2], dayOfWeek: "mon" }, { timezone: "Asia/Tokyo" }),
    crontab("@daily"),
    solar("dawn_civil", { latitude: 1, longitude: 2 }),
  ];
  for (const schedule of schedules) {
    const again = readScheduleSpec(JSON.parse(JSON.stringify(schedule)));
    expect(again.toJSON()).toEqual(schedule.toJSON());
    expect(again.next(1_000)).toBe(schedule.next(1_000));
    expect(String(again)).toBe(String(schedule));
  }
  for (const bad of [null, {}, { type: "x" }, { type: "every", intervalMs: -1, anchorMs: 0 }]) {
    expect(() => readScheduleSpec(bad)).toThrow(invalid);
  }
});

test.each<[string, () => unknown, RegExp]>([
  ["tz", () => crontab("30 7 * * *", { tz: "Europe/Berlin" } as object), /no option "tz".*timezone/],
  ["timeZone", () => crontab("30 7 * * *", { timeZone: "Europe/Berlin" } as object), /Did you mean "timezone"/],
  ["a zone as text", () => crontab("30 7 * * *", "Europe/Berlin" as never), /takes an object with timezone/],
  ["no options", () => crontab("30 7 * * *", null as never), /takes an object/],
  ["ancor", () => every("1h", { ancor: new Date(0) } as object), /Did you mean "anchor"/],
  ["nothing to count from", () => every("1h", null as never), /takes an object/],
  ["no place", () => (solar as (event: string) => unknown)("sunset"), /latitude and longitude/],
  ["a place with more", () => solar("sunset", { latitude: 1, longitude: 2, height: 3 } as never), /no option "height"/],
])("options that nobody reads are refused: %s", (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID" }));
  expect(make).toThrow(message);
});
