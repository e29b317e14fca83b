import { expect, test } from "vitest";
import { textOf } from "./container-log.ts";

test("what a server wrote to both streams is read without the headers in between", () => {
  const frames = Buffer.from("\u0001\0\0\0\0\0\0\u0004one\n\u0002\0\0\0\0\0\0\u0004two\n", "latin1");
  expect(textOf(frames)).toBe("one\ntwo\n");
});

test("of a log that is empty or cut off nothing is made up", () => {
  expect(textOf(Buffer.alloc(0))).toBe("");
  expect(textOf(Buffer.from("\u0001\0\0\0\0\0\0\u0009cut", "latin1"))).toBe("cut");
});
