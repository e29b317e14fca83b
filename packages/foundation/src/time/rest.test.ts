import { expect, test } from "vitest";

import { rest } from "./rest.ts";
import { virtualClock } from "./virtual-clock.ts";

test("waits as long as it is told, or until the signal, and leaves no timer behind", async () => {
  const clock = virtualClock();
  const over = new AbortController();
  const long = rest(clock, 1_000, over.signal);
  await clock.advance(1_000);
  await long;
  const cut = rest(clock, 1_000, over.signal);
  over.abort();
  await cut;
  await rest(clock, 1_000, over.signal);
  expect(clock.pending).toBe(0);
});
