import { expect, test } from "vitest";

import { Lanes } from "./lanes.ts";

test("runs so many at once, in the order given, whatever becomes of those before", async () => {
  const lanes = new Lanes(2);
  const begun: number[] = [];
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
  const results = gates.map(({ promise }, index) => lanes.run(() => (begun.push(index), promise)));
  const ends = Promise.allSettled(results);
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  gates[1]?.reject(new Error("no"));
  await expect(results[1]).rejects.toThrow("no");
  expect(begun).toEqual([0, 1, 2]);
  for (const [index, { resolve }] of gates.entries()) resolve(index);
  expect((await ends).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(await lanes.run(() => Promise.resolve("free again"))).toBe("free again");
});
