import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { readArrival } from "../message/arrival.ts";
import { extendLeases } from "./extend.ts";
import { giveBack } from "./give-back.ts";
import { LeaseTable } from "./lease-table.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import type { SqsContext } from "../sqs-context.ts";

async function refuse(command: unknown): Promise<object> {
  if (!(command instanceof SendMessageBatchCommand)) return { Attributes: {} };
  const { Entries = [] } = command.input;
  return { Failed: Entries.map(({ Id }) => ({ Id, Code: "AccessDenied", SenderFault: true })) };
}

/** Takes no message. */
class RefusingApi extends SqsApi {
  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    return await send({ send: refuse } as unknown as SQSClient, { abortSignal: this.closing });
  }
}

function refusing(warnings: string[]): SqsContext {
  const clock = virtualClock();
  const api = new RefusingApi({ endpoint: "http://localhost" }, clock);
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: { q: "http://localhost/q" } });
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  return { api, clock, log, directory, table: new LeaseTable(), claims: undefined };
}

const arrival = readArrival("q", { MessageId: "m", ReceiptHandle: "h", Body: "{}" }, 0);
const untold = '1 messages of queue "q" could not be given back: the end of their leases counts as a loss.';

test("what cannot be given back is told: it will count as lost", async () => {
  const warnings: string[] = [];
  await giveBack(refusing(warnings), "q", [{ arrival, delayMs: 0, wasDelivered: false }]);
  expect(warnings).toEqual([untold]);
});

test("so it is when its queue is gone", async () => {
  const warnings: string[] = [];
  const context = refusing(warnings);
  context.directory.require = () => Promise.reject(new Error("There is no such queue."));
  await giveBack(context, "q", [{ arrival, delayMs: 0, wasDelivered: false }]);
  expect(warnings).toEqual([untold]);
});

test("so it is when SQS can hide a message no longer, and does not take it back", async () => {
  const warnings: string[] = [];
  const context = refusing(warnings);
  const queue = await context.directory.require("q");
  const { lease } = context.table.add("q", arrival, 30_000);
  expect(await extendLeases(context, { queue, leases: [lease], leaseMs: 30_000, ceilingMs: 0 })).toEqual({
    lost: [lease],
  });
  expect(warnings).toEqual([untold, expect.stringContaining("were in work for nearly 12 hours")]);
});
