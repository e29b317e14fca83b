import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatWireTime, parseWireTime } from "./wire-time.ts";

describe("times on the wire", () => {
  test("are written in UTC with six digits", () => {
    expect(formatWireTime(Date.UTC(2026, 0, 1, 0, 0, 0, 123), "eta")).toBe("2026-01-01T00:00:00.123000+00:00");
  });

  test("are refused where a year has more than four digits", () => {
    expect(() => formatWireTime(8.64e15, "eta")).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field: "eta" }),
    );
    expect(() => formatWireTime(Number.NaN, "expires")).toThrow(expect.objectContaining({ field: "expires" }));
  });

  test("come back as they were", () => {
    const dates = fc.date({
      noInvalidDate: true,
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T00:00:00Z"),
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseWireTime(formatWireTime(date.getTime(), "eta"), "UTC")).toBe(date.getTime());
      }),
    );
  });

  test.each([
    ["2026-11-20T18:43:13.401201-05:00", "2026-11-20T23:43:13.401Z"],
    ["2026-11-20T18:43:13Z", "2026-11-20T18:43:13.000Z"],
    ["2026-11-20T18:43:13.5Z", "2026-11-20T18:43:13.500Z"],
    ["2026-11-20T18:43:13.123456789+0530", "2026-11-20T13:13:13.123Z"],
    ["2026-11-20 18:43:13+02", "2026-11-20T16:43:13.000Z"],
    ["2026-11-20T18:43", "2026-11-20T18:43:00.000Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00.000Z"],
  ])("%s is read", (text, expected) => {
    expect(new Date(parseWireTime(text, "UTC") ?? Number.NaN).toISOString()).toBe(expected);
  });

  test.each([
    "",
    "soon",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01",
    `2026-01-01T00:00:00.${"1".repeat(99)}Z`,
  ])("%j is no time", (text) => {
    expect(parseWireTime(text, "UTC")).toBeUndefined();
  });

  test.each([
    ["2026-01-15T12:00:00", "Europe/Berlin", "2026-01-15T11:00:00.000Z"],
    ["2026-07-15T12:00:00", "Europe/Berlin", "2026-07-15T10:00:00.000Z"],
    // 02:30 is skipped on that day, and comes twice on the other.
    ["2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["2026-07-15T12:00:00.250", "Asia/Kathmandu", "2026-07-15T06:15:00.250Z"],
  ])("%s without an offset is local time of %s", (text, timezone, expected) => {
    expect(new Date(parseWireTime(text, timezone) ?? Number.NaN).toISOString()).toBe(expected);
  });
});
