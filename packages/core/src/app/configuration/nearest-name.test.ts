import fc from "fast-check";
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
  fc.assert(fc.property(fc.constantFrom(...known), (name) => nearestName(name, known) === name));
});

test("any text gets an answer, a long one in bounded time", () => {
  fc.assert(fc.property(fc.string({ maxLength: 10_000 }), (text) => void nearestName(text, known)));
});
