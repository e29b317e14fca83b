import { expect, test } from "vitest";
import { mapArguments } from "./map-arguments.ts";

test.each([
  [[1, 2], {}, undefined, [1, 2]],
  [[1], { a: 2 }, undefined, [1, { a: 2 }]],
  [[1], { y: 2 }, ["x", "y"], [1, 2]],
  [[], { y: 2, x: 1 }, ["x", "y"], [1, 2]],
  [[], { y: 2 }, ["x", "y"], [undefined, 2]],
  [[1], { y: 2, z: 3 }, ["x", "y"], [1, 2, { z: 3 }]],
  [[1], { x: 2 }, ["x"], [1, { x: 2 }]],
])("%o and %o by %o are %o", (args, kwargs, parameters, mapped) => {
  expect(mapArguments(args, kwargs, parameters)).toEqual(mapped);
});
