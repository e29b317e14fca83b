import type { CallChannel, Channel } from "@lovage/client-amqp";
import { AmqpError } from "@lovage/client-amqp";
import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import { DeclaredTopology } from "./declared-topology.ts";
import { suspectsQueueOf } from "./queue-form.ts";

test("a queue for suspects that is gone is made again as it was, and is no queue of the user's", async () => {
  const made: unknown[][] = [];
  const channel = { assertQueue: async (...call: readonly unknown[]) => await Promise.resolve(made.push([...call])) };
  const calls: Pick<CallChannel, "call"> = { call: async (_, work) => await work(channel as unknown as Channel) };
  const topology = new DeclaredTopology({
    calls: calls as CallChannel,
    log: silentLog,
    defaults: { queueType: "quorum" },
  });
  await topology.declare({ queues: [{ name: "mail" }] });
  await topology.declareSuspects("mail");
  const suspects = made.at(-1);
  made.length = 0;
  await topology.redeclare(suspectsQueueOf("mail"));
  expect(made).toEqual([suspects]);
  expect(topology.queues).toEqual(["mail"]);
});

test.each([
  ["lovage", ["mail lovage.delay.queues mail"]],
  ["mixed", ["mail lovage.delay.queues mail", "mail celery_delayed_delivery #.mail"]],
] as const)(
  "a queue that is made again is where delays end again, for all who know of none of it (%s)",
  async (consumers, bindings) => {
    let hasLadder = true;
    const bound: string[] = [];
    const channel = {
      assertQueue: async () => await Promise.resolve(),
      bindQueue: async (...call: readonly string[]) => {
        if (!hasLadder) throw new AmqpError("404: no exchange", { kind: "missing" });
        await Promise.resolve(bound.push(call.join(" ")));
      },
    };
    const calls: Pick<CallChannel, "call"> = { call: async (_, work) => await work(channel as unknown as Channel) };
    const topology = new DeclaredTopology({
      calls: calls as CallChannel,
      log: silentLog,
      defaults: { queueType: "quorum" },
    });
    await topology.declare({ queues: [{ name: "mail", consumers }] });
    expect(bound).toEqual([]);
    await topology.redeclare("mail");
    expect(bound).toEqual(bindings);
    hasLadder = false;
    await topology.redeclare("mail");
  },
);

test("a queue that was deleted with the exchange that it was bound to is made again with it; a binding to one of somebody else's that is gone is no hindrance", async () => {
  const exchanges = new Set(["orders", "theirs"]);
  const [bound, told]: [string[], unknown[]] = [[], []];
  const channel = {
    assertQueue: async () => await Promise.resolve(),
    assertExchange: async (name: string) => await Promise.resolve(exchanges.add(name)),
    bindQueue: async (...call: readonly string[]) => {
      if (!exchanges.has(call[1] ?? "")) throw new AmqpError("404: no exchange", { kind: "missing" });
      await Promise.resolve(bound.push(call.join(" ")));
    },
  };
  const calls: Pick<CallChannel, "call"> = { call: async (_, work) => await work(channel as unknown as Channel) };
  const topology = new DeclaredTopology({
    calls: calls as CallChannel,
    log: { ...silentLog, error: (text) => void told.push(text) },
    defaults: { queueType: "quorum" },
  });
  await topology.declare({
    queues: [{ name: "mail" }],
    exchanges: [{ name: "orders", type: "topic" }],
    bindings: [
      { queue: "mail", exchange: "theirs", routingKey: "a" },
      { queue: "mail", exchange: "orders", routingKey: "b" },
    ],
  });
  bound.length = 0;
  exchanges.clear();
  await topology.redeclare("mail");
  expect([bound, told.length]).toEqual([["mail orders b"], 1]);
});
