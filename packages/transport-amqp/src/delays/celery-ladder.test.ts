import type { CallChannel } from "@lovage/client-amqp";
import { virtualClock } from "@lovage/foundation";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CeleryLadder } from "./celery-ladder.ts";

const ladder = new CeleryLadder({} as CallChannel, virtualClock());
const dayMs = 86_400_000;

it("writes the seconds as Celery does, before the name of the queue", () => {
  expect(ladder.route("celery", 30_000)).toMatchObject({
    exchange: "celery_delayed_27",
    routingKey: "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.1.1.1.0.celery",
    headers: { "lovage-delay-celery": true },
    restMs: 0,
  });
});

it("lets a message wait for its delay, rounded up to a second, and never less", () => {
  fc.assert(
    fc.property(fc.double({ min: 1_000, max: 3_000 * dayMs, noNaN: true }), (delayMs) => {
      const digits = ladder.route("celery", delayMs).routingKey.split(".").slice(0, -1);
      expect(digits).toHaveLength(28);
      const stayMs = 1_000 * Number.parseInt(digits.join(""), 2);
      expect(stayMs).toBeGreaterThanOrEqual(delayMs);
      expect(stayMs - delayMs).toBeLessThan(1_000);
    }),
  );
});

it.each([
  ["celery", 999, false],
  ["celery", 1_000, true],
  ["celery", (2 ** 28 - 1) * 1_000, true],
  ["celery", 2 ** 28 * 1_000, false],
  ["high.celery", 1_000, false],
  ["q".repeat(199), 1_000, true],
  ["q".repeat(200), 1_000, false],
])("suits queue %s and %i ms: %s", (queue, delayMs, suits) => {
  expect(CeleryLadder.suits(queue, delayMs)).toBe(suits);
});
