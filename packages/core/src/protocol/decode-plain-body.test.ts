import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodePlainBody } from "./decode-plain-body.ts";

test("arguments are what the general reader finds in them", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 3 }), (args) => {
      const text = `[${JSON.stringify(args)},{},{}]`;
      const [whole] = JSON.parse(text) as readonly [unknown];
      expect(decodePlainBody(text)).toEqual(text.length <= 1_024 ? whole : undefined);
    }),
  );
});

test.each([
  ["keyword arguments", '[[],{"x":1},{}]'],
  ["what follows", '[[],{},{"chain":null}]'],
  ["two elements", "[[],{}]"],
  ["four elements", "[[],[],{},{}]"],
  ["arguments that are no array", "[{},{},{}]"],
  ["a tail within a text", '["[,{},{}]'],
  ["a tail after what ends too early", "[[]],{},{}]"],
  ["a broken array", "[[1,,{},{}]"],
  ["white space that Python writes", "[[], {}, {}]"],
])("%s are for the general reader", (_, text) => {
  expect(decodePlainBody(text)).toBeUndefined();
});

test("what is long is for the general reader, which guards against deep nesting", () => {
  expect(decodePlainBody(`[${"[".repeat(600)}${"]".repeat(600)},{},{}]`)).toBeUndefined();
});
