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
