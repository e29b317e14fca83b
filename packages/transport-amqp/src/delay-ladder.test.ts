import type { CallChannel } from "@lovage/client-amqp";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { DelayLadder } from "./delay-ladder.ts";
import type { DelayRoute } from "./delay-route.ts";

const ladder = new DelayLadder({} as CallChannel);

/** How long a message stays in all queues of its way. */
function stayOf({ headers, exchange }: DelayRoute): number {
  const steps = Object.keys(headers).flatMap((name) => /^lovage-delay-(\d+)$/u.exec(name)?.[1] ?? []);
  expect(exchange).toBe(`lovage.delay.${Math.max(...steps.map(Number))}`);
  return steps.reduce((sum, step) => sum + 64 * 2 ** Number(step), 0);
}

it("lets a message wait for its delay, rounded up to 64 ms, and never less", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 2.6e11, noNaN: true }), (delayMs) => {
      const route = ladder.route("mail", delayMs);
      const stayMs = stayOf(route);
      expect(stayMs + route.restMs).toBeGreaterThanOrEqual(delayMs);
      expect(stayMs - delayMs).toBeLessThan(64);
      expect(route.restMs).toBe(0);
    }),
  );
});

it("sends what is beyond the highest step up again, with what is left", () => {
  const tenYearsMs = 3_652 * 86_400_000;
  const route = ladder.route("mail", tenYearsMs);
  expect(route.exchange).toBe("lovage.delay.31");
  expect(stayOf(route) + route.restMs).toBe(tenYearsMs);
  expect(route.restMs).toBeGreaterThan(0);
});

it("keeps the routing key of a message for an exchange, and names the exchange", () => {
  expect(ladder.route({ exchange: "orders", routingKey: "eu.new" }, 64)).toMatchObject({
    exchange: "lovage.delay.0",
    routingKey: "eu.new",
    headers: { "lovage-delay-0": true, "lovage-to-exchange": "orders" },
  });
});
