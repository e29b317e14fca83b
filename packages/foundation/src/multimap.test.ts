import { expect, test } from "vitest";

import { Multimap } from "./multimap.ts";

test("a key is there for as long as it has a value", () => {
  const map = new Multimap<string, number>();
  map.add("a", 1);
  map.add("a", 2);
  map.add("b", 1);
  expect([[...map.keys()], map.size, [...map.get("a")], [...map.get("c")]]).toEqual([["a", "b"], 2, [1, 2], []]);
  expect([map.delete("a", 1), map.has("a")]).toEqual([false, true]);
  expect([map.delete("a", 2), map.has("a"), map.size]).toEqual([true, false, 1]);
});

test("what is not there is not the last value of its key", () => {
  const map = new Multimap<string, number>();
  expect(map.delete("a", 1)).toBe(false);
  map.add("a", 2);
  expect([map.delete("a", 1), [...map.get("a")]]).toEqual([false, [2]]);
});

test("what is taken is gone, and does not come back with what is added meanwhile", () => {
  const map = new Multimap<string, number>();
  map.add("a", 1);
  for (const value of map.take("a")) map.add("a", value + 1);
  expect([...map.get("a")]).toEqual([2]);
  map.clear();
  expect(map.size).toBe(0);
});
