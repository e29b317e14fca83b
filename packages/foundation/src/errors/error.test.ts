import { inspect } from "node:util";
import { runInNewContext } from "node:vm";

import { expect, test, vi } from "vitest";

import {
  ClosedError,
  ConfigurationError,
  hasCode,
  isLovageError,
  LovageError,
  NameError,
  OptionError,
} from "../index.ts";

class QueueMissingError extends LovageError {
  constructor() {
    super("The queue mail is missing.", { code: "QUEUE_MISSING", retryable: true });
  }
}

test("an error carries the name of its class, its code and whether a retry can help", () => {
  const error = new QueueMissingError();
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "QueueMissingError", code: "QUEUE_MISSING", retryable: true });
  expect(String(error)).toBe("QueueMissingError: The queue mail is missing.");
  expect(error.stack).toMatch(/^QueueMissingError: The queue mail is missing\.\n {4}at /);
});

test("an error is not retryable unless it says so, and has a cause only when one is given", () => {
  const error = new LovageError("no", { code: "X" });
  expect(error.retryable).toBe(false);
  expect("cause" in error).toBe(false);
  expect(new LovageError("no", { code: "X", cause: undefined })).toHaveProperty("cause", undefined);
  const cause = new Error("why");
  expect(new LovageError("no", { code: "X", cause }).cause).toBe(cause);
});

test("secrets are in neither message, stack, JSON nor inspection", () => {
  const error = new OptionError("cannot use redis://:hunter2@localhost", { field: "broker" });
  for (const text of [error.message, error.stack, JSON.stringify(error), inspect(error), String(error)]) {
    expect(text).toContain("redis://:***@localhost");
    expect(text).not.toContain("hunter2");
  }
});

test("as JSON an error is its name, code, message and retryability", () => {
  expect(JSON.parse(JSON.stringify(new QueueMissingError()))).toEqual({
    name: "QueueMissingError",
    code: "QUEUE_MISSING",
    message: "The queue mail is missing.",
    retryable: true,
  });
});

test("errors are recognised by their brand, from another copy of the package too", async () => {
  vi.resetModules();
  const copy = await import("./error.ts");
  const foreign = new copy.LovageError("no", { code: "X" });
  expect(foreign).not.toBeInstanceOf(LovageError);
  expect(isLovageError(foreign)).toBe(true);
  expect(isLovageError(new QueueMissingError())).toBe(true);
});

test.each([null, undefined, 0, "x", {}, new Error("plain"), { code: "X", message: "", retryable: false }])(
  "%o is not a Lovage error",
  (value) => expect(isLovageError(value)).toBe(false),
);

test("hasCode compares with one code or several, for errors of any maker and realm", () => {
  const system = Object.assign(new Error("gone"), { code: "ENOENT" });
  const foreign = runInNewContext(`Object.assign(new Error("gone"), { code: "ENOENT" })`) as unknown;
  for (const error of [system, foreign]) {
    expect(hasCode(error, "ENOENT")).toBe(true);
    expect(hasCode(error, ["EEXIST", "ENOENT"])).toBe(true);
    expect(hasCode(error, [])).toBe(false);
    expect(hasCode(error, "ENO")).toBe(false);
  }
  expect(hasCode(new QueueMissingError(), "QUEUE_MISSING")).toBe(true);
});

test.each([null, undefined, "ENOENT", { code: 5, message: "" }, { code: "ENOENT" }, new Error("ENOENT")])(
  "hasCode finds no code in %o",
  (value) => expect(hasCode(value, "ENOENT")).toBe(false),
);

test("the shared errors have stable codes", () => {
  const codes = [
    new ConfigurationError(""),
    new OptionError("", { field: "x" }),
    new NameError(""),
    new ClosedError("", { cause: 1 }),
  ].map(({ code, retryable }) => [code, retryable]);
  expect(codes).toEqual([
    ["CONFIGURATION_INVALID", false],
    ["OPTION_INVALID", false],
    ["NAME_INVALID", false],
    ["CLOSED", false],
  ]);
});
