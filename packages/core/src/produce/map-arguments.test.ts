import * as fc from "fast-check";
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
  [[1], { z: 3 }, ["x", "y"], [1, undefined, { z: 3 }]],
  [[], { z: 3, y: 2 }, ["x", "y"], [undefined, 2, { z: 3 }]],
  [[], { y: 2, z: 3 }, ["x", "y", "w"], [undefined, 2, undefined, { z: 3 }]],
  [[1, 2, 3], { z: 4 }, ["x", "y"], [1, 2, 3, { z: 4 }]],
])("%o and %o by %o are %o", (args, kwargs, parameters, mapped) => {
  expect(mapArguments(args, kwargs, parameters)).toEqual(mapped);
});

test("no keyword takes the position of a parameter that is not its own", () => {
  const names = fc.uniqueArray(fc.constantFrom("x", "y", "z", "w"), { maxLength: 4 });
  const keywords = fc.dictionary(fc.constantFrom("x", "y", "z", "v"), fc.integer());
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 5 }), keywords, names, (args, kwargs, parameters) => {
      const mapped = mapArguments(args, kwargs, parameters);
      for (const [index, name] of parameters.entries()) {
        expect(mapped[index]).toBe(index < args.length ? args[index] : kwargs[name]);
      }
    }),
  );
});
