import * as fc from "fast-check";
import { expect, test } from "vitest";

import { formatDuration, parseDuration } from "./duration.ts";
import { hasCode } from "../errors/error.ts";

const field = "countdown";

test.each([
  [0, 0],
  [250, 250],
  [1.6, 2],
  ["0s", 0],
  ["500ms", 500],
  ["10s", 10_000],
  ["1.5s", 1_500],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
  ["007s", 7_000],
] as const)("%j is %d ms", (value, ms) => {
  expect(parseDuration(value, { field })).toBe(ms);
});

test.each([
  Number.NaN,
  Infinity,
  -1,
  2 ** 53,
  "",
  " ",
  "10",
  "s",
  "10 s",
  " 10s",
  "10s\n",
  "-1s",
  "+1s",
  "1e3s",
  "0x1s",
  ".5s",
  "1.s",
  "1s2m",
  "10S",
  "10sec",
  "\u0661\u0660s",
  "\uFF11\uFF10s",
  "9999999999999999d",
  null,
  undefined,
  true,
  10n,
  {},
  [],
  new Date(0),
])("%o is refused, and the error names the field, the value and what is accepted", (value) => {
  expect(() => parseDuration(value, { field })).toThrow(
    expect.objectContaining({
      code: "OPTION_INVALID",
      field,
      message: expect.stringMatching(/^countdown .*"10s".*it is/) as string,
    }),
  );
});

test("bounds are part of the check, themselves accepted, and told", () => {
  const options = { field: "lease", min: 1_000, max: 3_600_000 };
  expect(parseDuration("1s", options)).toBe(1_000);
  expect(parseDuration("60m", options)).toBe(3_600_000);
  expect(() => parseDuration(999, options)).toThrow(/at least 1s, at most 1h.*it is 999/);
  expect(() => parseDuration("61m", options)).toThrow(/it is "61m"/);
});

test("a duration below half a millisecond does not pass a minimum of one", () => {
  expect(() => parseDuration(0.4, { field, min: 1 })).toThrow(/at least 1ms/);
});

test("a long value is cut in the message", () => {
  expect(() => parseDuration("9".repeat(1_000_000), { field })).toThrow(/^.{0,350}$/);
});

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [1_500, "1.5s"],
  [90_000, "90s"],
  [60_000, "1m"],
  [5_400_000, "90m"],
  [3_600_000, "1h"],
  [604_800_000, "7d"],
  [-2_000, "-2s"],
  [0.4, "0ms"],
  [Infinity, "Infinity"],
])("%d ms are shown as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("what is shown is read back as the same duration", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ms) => {
      fc.pre(ms < 1e15);
      expect(parseDuration(formatDuration(ms), { field })).toBe(ms);
    }),
  );
});

test("any text is either a duration or an OptionError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.anything()), (value) => {
      const outcome = outcomeOf(() => parseDuration(value, { field }));
      expect(Number.isSafeInteger(outcome) || hasCode(outcome, "OPTION_INVALID")).toBe(true);
    }),
  );
});

function outcomeOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
