import { expect, test } from "vitest";
import { createApp } from "../app/create-app.ts";
import { chain } from "./chain.ts";
import { chord } from "./chord.ts";
import { group } from "./group.ts";

const app = createApp({ broker: "memory:" });
const add = app.task("add", (x: number, y: number) => x + y);
const one = add.s(1, 2);

test.each<[string, () => unknown, RegExp]>([
  ["a number in a chain", () => chain(one, 3 as never), /^Step 2 of a chain must be a signature, .*; it is 3\.$/],
  ["an array of steps", () => chain([one, one] as never), /^Step 1 of a chain must be a signature/],
  [
    "a task instead of its signature",
    () => chain(one, add as never),
    /it is "add", the task itself: call its s\(\.\.\.\)\./,
  ],
  ["nothing in a group", () => group([one, undefined as never]), /^Member 2 of a group must be a signature/],
  ["a group of no array", () => group(one as never), /^A group takes an array of signatures/],
  ["a chord over an array", () => chord([one] as never, one as never), /^The header of a chord must be a signature/],
  ["a chord without a body", () => chord(group([one]), undefined as never), /^The body of a chord must be a signature/],
  ["a link to text", () => one.link("add" as never), /^What a signature links to must be a signature/],
  ["an error handler that is a function", () => one.onError((() => {}) as never), /^What follows an error must be a/],
])("%s is refused", (_what, make, text) => {
  expect(make).toThrow(text);
  expect(make).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});
