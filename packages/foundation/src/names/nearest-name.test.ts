import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { nearestName, suggestion } from "./nearest-name.ts";

const known = ["broker", "backend", "defaultQueue", "maxRetries", "log"];

test.each([
  ["brokr", "broker"],
  ["Broker", "broker"],
  ["default_queue", "defaultQueue"],
  ["maxRetry", "maxRetries"],
  ["logs", "log"],
])("%s is taken for %s", (written, meant) => {
  expect(nearestName(written, known)).toBe(meant);
});

test("what is far from everything gets no suggestion", () => {
  expect(nearestName("xyz", known)).toBeUndefined();
  expect(suggestion("elephants", known)).toBe("");
});

test("a name that is known is its own nearest", () => {
  expect(known.map((name) => nearestName(name, known))).toEqual(known);
});

test("any text gets an answer, a long one in bounded time", () => {
  const text = string({ maxLength: 10_000 });
  expect(() =>
    assert(property(text, (written) => [undefined, ...known].includes(nearestName(written, known)))),
  ).not.toThrow();
});
