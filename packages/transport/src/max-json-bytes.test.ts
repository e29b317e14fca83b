import { assert, jsonValue, property } from "fast-check";
import { expect, test } from "vitest";

import { maxJsonBytes } from "./max-json-bytes.ts";

const exactBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

test("no JSON is longer than its bound", () => {
  const isBounded = property(jsonValue({ stringUnit: "binary" }), (value) => maxJsonBytes(value) >= exactBytes(value));
  expect(() => assert(isBounded)).not.toThrow();
});

test.each([
  ["control characters", "\u0000".repeat(50)],
  ["halves of surrogate pairs", "\ud800".repeat(50)],
  ["the longest numbers", [-Number.MAX_VALUE, -1.7976931348623157e308, 5e-324]],
  ["names", { ["\u0001".repeat(20)]: false }],
  ["what JSON leaves out, or makes null", { a: undefined, b: [undefined, Number.NaN] }],
])("%s stay within their bound", (_what, value) => {
  expect(maxJsonBytes(value)).toBeGreaterThanOrEqual(exactBytes(value));
});

test("the bound of plain text is at most some six times too high", () => {
  const headers = { id: "4f1c8a52-6f1e-4b7a-9a55-0d9f3d5f7f11", task: "shop.add", retries: 0, timelimit: [null, null] };
  expect(maxJsonBytes(headers)).toBeLessThan(7 * exactBytes(headers));
});

test("there is no bound for what writes itself, for what JSON refuses, and for what is nested deeply", () => {
  const deep = { a: { b: { c: { d: { e: "x" } } } } };
  expect([new Date(0), 1n, { a: new Date(0) }, deep].map((value) => maxJsonBytes(value))).toEqual(
    Array.from({ length: 4 }, () => Infinity),
  );
});
