import { describe, expect, test } from "vitest";
import { resolveTaskOptions } from "./resolve-task-options.ts";

test("a task without options has the defaults", () => {
  expect(resolveTaskOptions({})).toEqual({
    queue: undefined,
    priority: undefined,
    expiresMs: undefined,
    maxRetries: 3,
    retryFor: undefined,
    retryBackoffMs: 1_000,
    retryBackoffMaxMs: 600_000,
    retryJitter: true,
    timeLimitMs: undefined,
    softTimeLimitMs: undefined,
    ack: "late",
    ignoreResult: false,
    trackStarted: false,
    resultExpiresMs: 86_400_000,
    deadLetter: "failed",
    rateLimit: undefined,
    parameters: undefined,
  });
});

test("a task's own options stand above the app's, and durations become milliseconds", () => {
  const resolved = resolveTaskOptions(
    { maxRetries: 5, timeLimit: "30s", rateLimit: "100/m" },
    { maxRetries: 1, queue: "mail", ignoreResult: true },
  );
  expect(resolved).toMatchObject({ maxRetries: 5, queue: "mail", ignoreResult: true, timeLimitMs: 30_000 });
  expect(resolved.rateLimit).toEqual({ tokens: 100, perMs: 60_000 });
});

test("a soft time limit of the app's that does not fit a task's own limit is left out, and one of the task's is refused", () => {
  const defaults = { softTimeLimit: "25s", timeLimit: "30s" } as const;
  expect(resolveTaskOptions({ timeLimit: "10s" }, defaults)).toMatchObject({
    softTimeLimitMs: undefined,
    timeLimitMs: 10_000,
  });
  expect(resolveTaskOptions({ timeLimit: "1m" }, defaults)).toMatchObject({ softTimeLimitMs: 25_000 });
  expect(resolveTaskOptions({ softTimeLimit: "20s" }, defaults)).toMatchObject({ softTimeLimitMs: 20_000 });
  expect(() => resolveTaskOptions({ softTimeLimit: "40s" }, defaults)).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", field: "softTimeLimit" }) as Error,
  );
});

describe("bad options name their field before anything is sent", () => {
  test.each([
    ["maxRetries", -1],
    ["maxRetries", 1e9],
    ["maxRetries", Number.NaN],
    ["maxRetries", Infinity],
    ["maxRetries", "3"],
    ["priority", 10],
    ["priority", -1],
    ["priority", 0.5],
    ["expires", 0],
    ["expires", "later"],
    ["retryBackoff", -5],
    ["retryBackoff", Number.NaN],
    ["timeLimit", 0],
    ["softTimeLimit", Infinity],
    ["resultExpires", null],
    ["ack", "sometimes"],
    ["deadLetter", true],
    ["ignoreResult", 1],
    ["retryFor", Error],
    ["retryFor", ["Error"]],
    ["rateLimit", 100],
    ["rateLimit", "0/s"],
    ["rateLimit", "100"],
    ["rateLimit", "1e9/s"],
    ["parameters", ["a", "a"]],
    ["parameters", "a"],
    ["constructor", 1],
    ["toString", 1],
  ])("%s: %o", (field, value) => {
    expect(() => resolveTaskOptions({ [field]: value })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field }) as Error,
    );
  });

  test("a bad queue name is a bad name", () => {
    expect(() => resolveTaskOptions({ queue: "../x" })).toThrow(
      expect.objectContaining({ code: "NAME_INVALID" }) as Error,
    );
  });
});
