import { expect, test } from "vitest";
import { declareTask } from "./task-declaration.ts";

const run = (): void => {};

test.each<[string, Record<string, unknown>, RegExp]>([
  [
    "bind that is neither true nor false",
    { bind: "yes" },
    /^bind of task "mail" must be true or false; it is "yes"\.$/,
  ],
  [
    "an unknown option",
    { maxRetry: 3 },
    /^Task "mail": A task has no option "maxRetry"\. Did you mean "maxRetries"\?$/,
  ],
  [
    "a soft limit that the hard one forestalls",
    { softTimeLimit: "30s", timeLimit: "30s" },
    /^Task "mail": softTimeLimit must be shorter than timeLimit; they are 30s and 30s\.$/,
  ],
])("%s is refused", (_what, options, text) => {
  const declare = (): unknown => declareTask("mail", options, run);
  expect(declare).toThrow(text);
  expect(declare).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});

test("bind may be left undefined", () => {
  expect(declareTask("mail", { bind: undefined }, run).bind).toBe(false);
});
