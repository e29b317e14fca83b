import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ForgottenIds } from "./forgotten-ids.ts";

test("knows all that were added, and takes hardly another for one of them", () => {
  const forgotten = new ForgottenIds();
  expect(forgotten.mayHave("anything")).toBe(false);
  const added = Array.from({ length: 200_000 }, (_, n) => (n % 2 === 0 ? randomUUID() : `order-${n}`));
  for (const id of added) forgotten.add(id);
  expect(added.every((id) => forgotten.mayHave(id))).toBe(true);
  const others = Array.from({ length: 100_000 }, (_, n) => (n % 2 === 0 ? randomUUID() : `order-${2 * n}`));
  expect(others.filter((id) => forgotten.mayHave(id)).length).toBeLessThan(50);
});
