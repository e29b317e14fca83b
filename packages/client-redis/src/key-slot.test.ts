import * as fc from "fast-check";
import { expect, test } from "vitest";

import { slotOf, tagBeside, taggedPart } from "./key-slot.ts";

// From the specification of the cluster, and from `CLUSTER KEYSLOT`.
test.each([
  ["123456789", 12_739],
  ["{user1000}.following", 3_443],
  ["{user1000}.followers", 3_443],
  ["foo{}{bar}", 8_363],
  ["foo{{bar}}zap", 4_015],
  ["foo{bar}{zap}", 5_061],
])("the slot of %s is %i", (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});

const keys = fc.string({ unit: fc.constantFrom("a", "b", ":", "{", "}", "é"), minLength: 1 });

test("whatever begins with the tagged part of a key is in its slot", () => {
  fc.assert(
    fc.property(keys, keys, (key, end) => {
      const tagged = taggedPart(key);
      expect(slotOf(tagged === undefined ? key : `${tagged}${end}`)).toBe(slotOf(key));
    }),
  );
});

test("the tag beside any key leads to its slot", () => {
  fc.assert(
    fc.property(keys, (key) => {
      expect(slotOf(`x:{${tagBeside(key)}}:y`)).toBe(slotOf(key));
    }),
    { numRuns: 300 },
  );
});
