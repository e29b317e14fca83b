import { expect, test } from "vitest";

import { readCursor } from "./read-cursor.ts";

test.each([
  ["17", 17],
  ["1795339906806123", 1_795_339_906_806_123],
  [undefined, 0],
  ["", 0],
  ["garbage", 0],
  ["-1", 0],
  ["1.5", 0],
  ["99999999999999999999", 0],
])("a cursor %s goes on from %i", (after, number) => {
  expect(readCursor(after)).toBe(number);
});
