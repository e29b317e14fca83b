import type { CallChannel, Channel } from "@lovage/client-amqp";
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
