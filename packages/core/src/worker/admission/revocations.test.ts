import { expect, test } from "vitest";
import { Revocations } from "./revocations.ts";

test("each revocation is told once", () => {
  const told: string[] = [];
  const revocations = new Revocations((taskId) => told.push(taskId));
  revocations.add(["a", "b", "a"]);
  revocations.add(["b", "c"]);
  expect(told).toEqual(["a", "b", "c"]);
  expect(["a", "b", "c", "d"].map((taskId) => revocations.has(taskId))).toEqual([true, true, true, false]);
});

test("the oldest of more than 50 000 are forgotten, but for that there was something", () => {
  const revocations = new Revocations(() => {});
  revocations.add(Array.from({ length: 50_002 }, (_, n) => String(n)));
  expect(revocations.size).toBe(50_000);
  expect(["0", "1", "2", "50001"].map((taskId) => revocations.has(taskId))).toEqual([false, false, true, true]);
  expect(["0", "1", "2", "x"].map((taskId) => revocations.mayHaveForgotten(taskId))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
