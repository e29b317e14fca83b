import { expect, test } from "vitest";

import { ResultKeeper } from "./index.ts";

const put = (taskId: string, document = "1") =>
  ({ taskId, state: "SUCCESS", document, fence: null, expiresInMs: 1_000 }) as const;

test("what is over the bound goes, the oldest first, and is told", () => {
  const dropped: string[] = [];
  const keeper = new ResultKeeper({ maxBytes: 10_000, onDropped: (taskId) => dropped.push(taskId) });
  for (const taskId of ["a", "b", "c"]) expect(keeper.put(put(taskId, "x".repeat(3_000)), 0)).toBe("stored");
  expect(dropped).toEqual(["a"]);
  expect(["a", "b", "c"].map((taskId) => keeper.get(taskId, 0) !== undefined)).toEqual([false, true, true]);
});

test("what was forgotten, replaced or swept takes no room", () => {
  const dropped: string[] = [];
  const keeper = new ResultKeeper({ maxBytes: 8_000, onDropped: (taskId) => dropped.push(taskId) });
  const large = "x".repeat(6_000);
  keeper.put(put("a", large), 0);
  keeper.put(put("a", large), 0);
  keeper.forget("a");
  keeper.put(put("b", large), 0);
  expect(keeper.sweep(1_500)).toBe(1);
  keeper.put(put("c", large), 2_000);
  expect(dropped).toEqual([]);
});

test("a record that is larger than the bound is not kept, and keeps nobody waiting for room", () => {
  const keeper = new ResultKeeper({ maxBytes: 1_000 });
  expect(keeper.put(put("a", "x".repeat(2_000)), 0)).toBe("stored");
  expect(keeper.get("a", 0)).toBeUndefined();
});
