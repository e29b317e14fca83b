import { expect, test } from "vitest";
import { addSitting } from "./add-sitting.ts";
import type { Sitting } from "./sitting.ts";
import { sittingOf } from "./test-support/sitting-of.ts";

const measured = (peers: readonly string[], said: Partial<Omit<Sitting, "results">> = {}): Sitting =>
  sittingOf(Object.fromEntries(peers.map((peer) => [peer, [{ perSecond: 1 }]])), said);

const before = measured(["raw-redis", "lovage-redis", "bee-queue"]);

test("a sitting takes the place of those whose peers it has measured", () => {
  const whole = measured(["raw-redis", "lovage-redis", "bee-queue", "bullmq"]);
  expect(addSitting([before], whole)).toEqual([whole]);
  expect(addSitting([], whole)).toEqual([whole]);
});

test("one that others are left of stays whole, since no ratio is made of two", () => {
  const part = measured(["raw-redis", "lovage-redis"]);
  expect(addSitting([before], part)).toEqual([before, part]);
});

test("other cases and stores are left alone", () => {
  const peers = ["raw-redis", "lovage-redis", "bee-queue"];
  const others = [measured(peers, { case: "drain-4" }), measured(peers, { store: "postgres" })];
  for (const other of others) expect(addSitting([before], other)).toEqual([before, other]);
});

test("a failure is not forgotten before its peer is asked again", () => {
  const failing = measured(["raw-redis"], { failed: { bullmq: "it ended with 1." } });
  const without = measured(["raw-redis", "lovage-redis"]);
  expect(addSitting([failing], without)).toEqual([failing, without]);
  const mended = measured(["raw-redis", "bullmq"]);
  expect(addSitting([failing], mended)).toEqual([mended]);
  const again = measured(["raw-redis"], { failed: { bullmq: "it ended with 2." } });
  expect(addSitting([failing], again)).toEqual([again]);
  expect(addSitting([measured(["bullmq"])], again)).toHaveLength(2);
});
