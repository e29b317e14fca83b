import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { KnownExits } from "./known-exits.ts";

test("a way is made again a minute after: its queue may have been deleted and made again by somebody who knows nothing of it", async () => {
  const clock = virtualClock();
  const exits = new KnownExits(clock);
  exits.add("mail");
  await clock.advance(59_999);
  expect([exits.has("mail"), exits.has("other")]).toEqual([true, false]);
  await clock.advance(1);
  expect(exits.has("mail")).toBe(false);
  exits.add("mail");
  expect(exits.has("mail")).toBe(true);
  exits.delete("mail");
  expect(exits.has("mail")).toBe(false);
});
