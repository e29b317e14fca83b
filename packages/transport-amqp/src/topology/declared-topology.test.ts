import type { AmqpSession, CallChannel, Channel } from "@lovage/client-amqp";
import { AmqpError } from "@lovage/client-amqp";
import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import { DeclaredTopology } from "./declared-topology.ts";
import { suspectsQueueOf } from "../wire/queue-form.ts";

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
  [
    "mixed",
    ["mail lovage.delay.queues mail", "mail celery_delayed_delivery #.mail", "mail lovage.delay.celery.queues #.mail"],
  ],
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

test("a queue is declared whose dead-letter queue is away with its node, and of the queues for suspects the one that is there", async () => {
  const [made, told]: [string[], unknown[]] = [[], []];
  const away = new Set(["mail.dead", "mail.suspects"]);
  const channel = {
    assertQueue: async (name: string) => {
      if (away.has(name)) throw new AmqpError(`404: ${name} is down or inaccessible`, { kind: "down" });
      await Promise.resolve(made.push(name));
    },
  };
  const topology = new DeclaredTopology({
    calls: { call: async (_, work) => await work(channel as unknown as Channel) } as CallChannel,
    log: { ...silentLog, warn: (_, fields) => void told.push(fields) },
    defaults: { queueType: "classic" },
  });
  await topology.declare({ queues: [{ name: "mail" }] });
  await expect(topology.declareSuspects("mail")).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  expect([made, told]).toEqual([
    ["mail", "mail.suspects.alone"],
    [{ error: "404: mail.dead is down or inaccessible" }],
  ]);
  away.add("other");
  await expect(topology.declare({ queues: [{ name: "other" }] })).rejects.toMatchObject({
    code: "TRANSPORT_UNAVAILABLE",
  });
});

test("a new session brings back what was declared: what cannot be is told in the log, and a dead-letter queue that was declared by itself is left as its queue made it", async () => {
  const [made, told]: [string[], unknown[]] = [[], []];
  let isAway = false;
  const channel = {
    checkQueue: async () => await Promise.resolve(),
    assertQueue: async (name: string) => {
      if (isAway && name === "away") throw new AmqpError("404: is down or inaccessible", { kind: "down" });
      await Promise.resolve(made.push(name));
    },
  };
  const topology = new DeclaredTopology({
    calls: { call: async (_, work) => await work(channel as unknown as Channel) } as CallChannel,
    log: { ...silentLog, error: (_, fields) => void told.push(fields) },
    defaults: { queueType: "classic" },
  });
  await topology.declare({ queues: ["away", "mail", "bills.dead"].map((name) => ({ name })) });
  made.length = 0;
  isAway = true;
  await topology.restore({
    channel: async () => await Promise.resolve(channel),
    answer: async (promise: Promise<unknown>) => await promise,
    closeChannel: async () => await Promise.resolve(),
  } as unknown as AmqpSession);
  expect([made, told]).toEqual([["mail", "mail.dead"], [{ error: "404: is down or inaccessible" }]]);
});

test.each(["amq.mail", "lovage.delay.3", "mail.suspects", "mail.held.0d8f4c1e-7f0a-4b7e-9a55-5d0c3d8f2b11"])(
  "refuses %s as a queue of a user's, whose messages would be another's",
  async (name) => {
    const topology = new DeclaredTopology({
      calls: {} as CallChannel,
      log: silentLog,
      defaults: { queueType: "classic" },
    });
    await expect(topology.declare({ queues: [{ name }] })).rejects.toMatchObject({ code: "NAME_INVALID" });
  },
);
