import { expect, test } from "vitest";
import { BatchInstant } from "./batch-instant.ts";

test("is read once for what happens in one go, and anew afterwards", async () => {
  let reads = 0;
  const instant = new BatchInstant({ monotonic: () => (reads += 1) });
  expect([instant.atMs, instant.atMs]).toEqual([1, 1]);
  await Promise.resolve().then(() => expect(instant.atMs).toBe(1));
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(instant.atMs).toBe(2);
});
