import * as fc from "fast-check";
import { expect, test } from "vitest";

import { decodeResult } from "./decode-result.ts";
import { decodeTask } from "./decode-task.ts";
import { parsePythonNumbers } from "./parse-python-numbers.ts";
import { aMessage } from "./test-support/calls.ts";

const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.double().map((number) => number + 0),
    fc.constantFrom(NaN, Infinity, -Infinity, null, true, "NaN", '"NaN', "\\", 'x\\"Infinity'),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("NaN", "-Infinity")), tie("value"), { maxKeys: 3 }),
  ),
})).value;

/** As Python's `json` writes a value. */
function dump(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(dump).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${dump(item)}`)
    .join(", ")}}`;
}

test("reads what Python writes, and touches no text", () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(parsePythonNumbers(dump(value))).toEqual(value);
    }),
  );
});

test.each([
  "[NaN",
  "NaNNaN",
  "1Infinity",
  "-NaN",
  "- Infinity",
  "xNaN",
  "NaN1",
  "{NaN: 1}",
  '{"a" NaN}',
  '["NaN',
  "nan",
  "",
])("takes %s for no JSON either", (text) => {
  expect(() => parsePythonNumbers(text)).toThrow(SyntaxError);
});

function errorOf(text: string): unknown {
  try {
    parsePythonNumbers(text);
    return undefined;
  } catch (error) {
    return error;
  }
}

test("a text with one of the numbers somewhere is read, or is no JSON", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom("NaN", "Infinity", "-Infinity"), (text, place, word) => {
      const at = place % (text.length + 1);
      const error = errorOf(text.slice(0, at) + word + text.slice(at));
      expect(error ?? new SyntaxError()).toBeInstanceOf(SyntaxError);
    }),
  );
});

test("a task is given them, and they are what it returned", () => {
  const { args, kwargs } = decodeTask(aMessage({ body: '[[NaN, [-Infinity]], {"x": Infinity}, {}]' }));
  expect([args, kwargs]).toEqual([[NaN, [-Infinity]], { x: Infinity }]);
  const document =
    '{"status": "SUCCESS", "result": {"mean": NaN, "at": {"__type__": "date", "__value__": "2026-01-01"}}}';
  expect(decodeResult(document).value).toEqual({ mean: NaN, at: "2026-01-01" });
});
