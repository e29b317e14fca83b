import { expect, test } from "vitest";

import { quoteValue } from "./quote-value.ts";

test.each([
  ["a", `"a"`],
  ["", `""`],
  ['a"b', String.raw`"a\"b"`],
  ["a\nb", String.raw`"a\nb"`],
  ["a\u202Eb\u0085", `"a\uFFFDb\uFFFD"`],
  [5, "5"],
  [10n, "10n"],
  [null, "null"],
  [undefined, "undefined"],
  [["a", { b: 1 }], "[ 'a', [Object] ]"],
  [Symbol("x"), "Symbol(x)"],
])("%o is shown as %s", (value, shown) => {
  expect(quoteValue(value)).toBe(shown);
});

test("a long value is cut without breaking a character", () => {
  const shown = quoteValue("😀".repeat(1_000));
  expect(shown.length).toBeLessThanOrEqual(81);
  expect(shown.isWellFormed()).toBe(true);
  expect(quoteValue(Array.from({ length: 1_000 }, () => "x".repeat(1_000))).length).toBeLessThanOrEqual(81);
});

test("a value's own way to be shown is not asked", () => {
  const hostile = {
    [Symbol.for("nodejs.util.inspect.custom")]: () => {
      throw new Error("not asked");
    },
  };
  expect(quoteValue(hostile)).toContain("nodejs.util.inspect.custom");
});
