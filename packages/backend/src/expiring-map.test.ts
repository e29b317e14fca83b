import { expect, test } from "vitest";

import { ExpiringMap } from "./expiring-map.ts";

test("what has expired goes although more comes than a sweep looks at", () => {
  const map = new ExpiringMap<number>();
  const keptMs = 50;
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) {
    for (let each = 0; each < 21; each += 1) map.set(`${nowMs} ${each}`, each, nowMs + keptMs);
    // As a worker does it: again for as long as something is found.
    for (let step = 0; step < 20 && map.sweep(nowMs, 20) > 0;) step += 1;
  }
  expect(map.weight).toBeLessThan(3 * keptMs * 21);
});

test("what is behind something that is kept for longer goes as well", () => {
  const map = new ExpiringMap<number>();
  map.set("kept", 0, Infinity);
  for (let each = 0; each < 100; each += 1) map.set(`${each}`, each, each + 1);
  for (let sweep = 0; sweep < 20; sweep += 1) map.sweep(1_000, 20);
  expect(map.weight).toBe(1);
});
