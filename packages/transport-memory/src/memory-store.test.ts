import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { MemoryStore } from "./memory-store.ts";

test("the store tells of suspects until somebody has claimed them", async () => {
  const clock = virtualClock();
  const store = new MemoryStore("suspects", clock);
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  await store.declare([{ name: "q" }]);
  const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
  await store.publish([{ to: "q", headers: {}, properties, body: new Uint8Array() }]);
  await store.claim({ queue: "q", max: 1, leaseMs: 10, suspects: false });
  expect(await store.suspectsWait("q")).toBe(false);
  await clock.advance(10);
  await store.sweep({ queues: ["q"], suspectAfter: 1, max: 10 });
  expect([await store.suspectsWait("q"), await store.suspectsWait("other")]).toEqual([true, false]);
  await store.claim({ queue: "q", max: 1, leaseMs: 10, suspects: true });
  expect(await store.suspectsWait("q")).toBe(false);
  await store.close();
});
