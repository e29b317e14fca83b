import type { CallChannel } from "@lovage/client-amqp";
import { virtualClock } from "@lovage/foundation";
import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { DelayLadder } from "./delay-ladder.ts";
import type { DelayRoute } from "./delay-route.ts";

const ladder = new DelayLadder({} as CallChannel, virtualClock());

/** How long a message stays in all queues of its way. */
function stayOf({ headers, exchange }: DelayRoute): number {
  const steps = Object.keys(headers).flatMap((name) => /^lovage-delay-(\d+)$/u.exec(name)?.[1] ?? []);
  expect(exchange).toBe(`lovage.delay.${Math.max(...steps.map(Number))}`);
  return steps.reduce((sum, step) => sum + 64 * 2 ** Number(step), 0);
}

function stepsOf({ headers }: DelayRoute): readonly string[] {
  return Object.keys(headers).filter((name) => name.startsWith("lovage-delay-"));
}

it("lets a message wait for its delay, at most a quarter of a second longer, and never less", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 2.6e11, noNaN: true }), (delayMs) => {
      const route = ladder.route("mail", delayMs);
      const stayMs = stayOf(route);
      expect(stayMs + route.restMs).toBeGreaterThanOrEqual(delayMs);
      expect(stayMs - delayMs).toBeLessThan(256);
      expect(route.restMs).toBe(0);
    }),
  );
});

it("is a little longer where that saves stays: each is work for the broker", () => {
  expect(stepsOf(ladder.route("mail", 64 * 0b1111_0001))).toHaveLength(5);
  expect(stepsOf(ladder.route("mail", 64 * 0b1111_1101))).toEqual(["lovage-delay-8"]);
});

it("makes its steps one by one, and again from the first where they were forgotten meanwhile", async () => {
  const made: string[] = [];
  const channel = new Proxy(
    {},
    { get: (_, method) => async (name: string) => await Promise.resolve(made.push(`${String(method)} ${name}`)) },
  );
  let calls = 0;
  const making = new DelayLadder(
    {
      call: async (_: string, work: (on: unknown) => Promise<void>) => {
        calls += 1;
        await work(channel);
        if (calls === 2) making.forget();
      },
    } as unknown as CallChannel,
    virtualClock(),
  );
  const route = making.route("mail", 64 * 4);
  expect(route.isMade()).toBe(false);
  await route.make();
  expect(route.isMade()).toBe(true);
  const queues = made.flatMap((each) => /^assertQueue (lovage\.delay\.\d)$/u.exec(each)?.[1] ?? []);
  expect(queues.map((name) => name.at(-1)).join(" ")).toBe("0 1 0 1 2");
  expect(made.at(-1)).toBe("bindQueue mail");
});

it("makes nothing for who does not want it any more when his turn has come", async () => {
  const first = Promise.withResolvers<void>();
  const call = vi.fn<CallChannel["call"]>(() => first.promise as Promise<never>);
  const route = new DelayLadder({ call } as unknown as CallChannel, virtualClock()).route("mail", 64);
  const making = route.make();
  let isWanted = true;
  const later = [1, 2].map(() => route.make(() => isWanted));
  await Promise.resolve();
  isWanted = false;
  first.reject(new Error("no answer within 10000 ms"));
  await expect(making).rejects.toThrow("no answer");
  expect([await Promise.all(later), call.mock.calls.length, route.isMade()]).toEqual([[false, false], 1, false]);
});

it("makes the way to a queue again a minute later: others may have deleted the queue, and made it again without", async () => {
  const clock = virtualClock();
  const calls = { call: async () => await Promise.resolve() } as unknown as CallChannel;
  const route = new DelayLadder(calls, clock).route("mail", 64);
  await route.make();
  await clock.advance(59_000);
  expect(route.isMade()).toBe(true);
  await clock.advance(1_000);
  expect(route.isMade()).toBe(false);
});

it("sends what is beyond the highest step up again, with what is left", () => {
  const tenYearsMs = 3_652 * 86_400_000;
  const route = ladder.route("mail", tenYearsMs);
  expect(route.exchange).toBe("lovage.delay.31");
  expect(stayOf(route) + route.restMs).toBe(tenYearsMs);
  expect(route.restMs).toBeGreaterThan(0);
});

it.each([2 ** 53, Number.MAX_VALUE])("takes a delay of %d ms, as long as it is", (delayMs) => {
  const route = ladder.route("mail", delayMs);
  expect(route.exchange).toBe("lovage.delay.31");
  expect(stayOf(route) + route.restMs).toBeGreaterThanOrEqual(delayMs);
});

it("leaves a whole number of milliseconds for the next time up", () => {
  const { restMs } = ladder.route("mail", 3_652 * 86_400_000 + 0.5);
  expect(restMs % 1).toBe(0);
});

it("keeps the routing key of a message for an exchange, and names the exchange", () => {
  expect(ladder.route({ exchange: "orders", routingKey: "eu.new" }, 64)).toMatchObject({
    exchange: "lovage.delay.0",
    routingKey: "eu.new",
    headers: { "lovage-delay-0": true, "lovage-to-exchange": "orders" },
  });
});
