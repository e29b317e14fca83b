import { expect, test } from "vitest";

import { Turns } from "./turns.ts";

test("each begins when the one before has ended, however that was", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = turns.take(async () => {
    seen.push("one begins");
    await first.promise;
  });
  const two = turns.take(async () => await Promise.resolve(seen.push("two")));
  await Promise.resolve();
  expect(seen).toEqual(["one begins"]);
  first.reject(new Error("one fails"));
  await expect(one).rejects.toThrow("one fails");
  expect(await two).toBe(2);
  expect(await turns.take(async () => await Promise.resolve("three"))).toBe("three");
});
