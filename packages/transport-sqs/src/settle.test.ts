import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Lease } from "@lovage/lease-engine";
import { silentLog, virtualClock } from "@lovage/foundation";
import { PublishUncertainError } from "@lovage/transport";
import { expect, test } from "vitest";

import { readArrival } from "./message/arrival.ts";
import { withBody, withClaim } from "./message/claim-header.ts";
import { Claims } from "./bodies/claims.ts";
import { encodeBody } from "./message/envelope.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { QueueDirectory } from "./queues/queue-directory.ts";
import { settleDeliveries, type Settling } from "./settle.ts";
import { SqsApi } from "./sqs-api.ts";
import { fifoQueue as queue } from "./test-support/fifo-queue.ts";

const leaseMs = 30_000;

/** Answers commands as `answer` says, without waiting between tries. */
class ScriptedApi extends SqsApi {
  readonly #answer: (command: unknown) => object;

  constructor(answer: (command: unknown) => object) {
    super({ endpoint: "http://localhost" }, virtualClock());
    this.#answer = answer;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const client = { send: async (command: unknown) => this.#answer(command) } as unknown as SQSClient;
    return await send(client, { abortSignal: this.closing });
  }

  override async pause(): Promise<void> {}
}

function settling(answer: (command: unknown) => object, known = queue): Settling {
  const api = new ScriptedApi(answer);
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const context = { api, clock: virtualClock(), log: silentLog, directory, table: new LeaseTable(), claims: undefined };
  return { ...context, queue: known, leaseMs };
}

function hold({ table, queue: { queue: name } }: Settling, id: string, Body = ""): Lease {
  const arrival = readArrival(name, { MessageId: id, ReceiptHandle: `handle-${id}`, Body }, 0);
  return table.add(name, arrival, leaseMs).lease;
}

test("a release that SQS has carried out is not made again because an acknowledgement beside it failed for the moment", async () => {
  let isBusy = true;
  const shown: string[] = [];
  const it = settling((command) => {
    if (command instanceof DeleteMessageBatchCommand && isBusy) {
      return { Failed: [{ Id: "0", Code: "InternalError", SenderFault: false }] };
    }
    if (command instanceof ChangeMessageVisibilityBatchCommand) {
      shown.push(...(command.input.Entries ?? []).map(({ ReceiptHandle = "" }) => ReceiptHandle));
    }
    return {};
  });
  const settlements = [
    { kind: "ack", lease: hold(it, "done") },
    { kind: "release", lease: hold(it, "back"), delayMs: 0 },
  ] as const;
  await expect(settleDeliveries(it, settlements)).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
  expect(shown).toEqual(["handle-back"]);
  isBusy = false;
  expect(await settleDeliveries(it, settlements)).toBeNull();
  expect(shown).toEqual(["handle-back"]);
});

test("a double is let go without a call: its other is the same message, which another worker keeps", async () => {
  const calls: unknown[] = [];
  const answer = (command: unknown) => (calls.push(command), {});
  const it = settling(answer, { ...queue, queue: "q", sqsName: "q", isFifo: false });
  const lease = hold(it, "double");
  const settlement = { kind: "release", lease, delayMs: 20_000, isDouble: true } as const;
  expect(await settleDeliveries(it, [settlement])).toBeNull();
  expect(calls).toEqual([]);
  expect(it.table.find(lease, 0)).toBeUndefined();
});

test.each([
  ["without its body keeps that: the dead letter refers to it", true, []],
  ["with its body drops it: the dead letter has one of its own", false, ["q/key"]],
])("a dead letter %s", async (_, isMissed, dropped) => {
  const deleted: string[] = [];
  const check = { maxBytes: 9, put: async () => {}, get: async () => undefined };
  const claims = new Claims({ ...check, delete: async (key) => void deleted.push(key) }, silentLog);
  const url = { QueueUrl: "http://localhost/q-dead", Attributes: {} };
  const it = { ...settling(() => url, { ...queue, queue: "q", isFifo: false }), claims };
  const properties = { messageId: "large", contentType: "x", contentEncoding: "binary" };
  const light = withClaim({ headers: {}, properties, body: new Uint8Array(9) }, "q/key");
  const lease = hold(it, "large", encodeBody(light, "q"));
  const message = isMissed ? light : withBody(light, new Uint8Array(9));
  const reason = { reason: "poison" };
  expect(await settleDeliveries(it, [{ kind: "reject", lease, reason, message, count: 1 }])).toBeNull();
  expect(deleted).toEqual(dropped);
});

test("what could not be sent for one keeps no other from being settled, and is told of that one", async () => {
  const calls: string[] = [];
  const answer = (command: unknown) => {
    if (command instanceof SendMessageBatchCommand && command.input.QueueUrl?.endsWith("/next") === true) {
      return { Failed: [{ Id: "0", Code: "InvalidMessageContents", SenderFault: true }] };
    }
    if (command instanceof SendMessageBatchCommand) calls.push("sent");
    if (command instanceof GetQueueUrlCommand) return { QueueUrl: `http://localhost/${command.input.QueueName}` };
    if (command instanceof DeleteMessageBatchCommand) calls.push(`${command.input.Entries?.length ?? 0} deleted`);
    return { Attributes: {} };
  };
  const it = settling(answer, { ...queue, queue: "q", isFifo: false });
  const properties = { messageId: "next", contentType: "x", contentEncoding: "binary" };
  const bad = { to: "next", headers: {}, properties, body: new Uint8Array(3) };
  const settlements = [
    { kind: "ack", lease: hold(it, "plain") },
    { kind: "ack", lease: hold(it, "bad"), followUps: [bad] },
    { kind: "release", lease: hold(it, "back"), delayMs: 0 },
  ] as const;
  const failures = [{ index: 1, messageId: "bad", error: { code: "TRANSPORT_REJECTED" } }];
  await expect(settleDeliveries(it, settlements)).rejects.toMatchObject({ code: "PUBLISH_FAILED", failures });
  expect(calls).toEqual(["sent", "2 deleted"]);
  expect(await settleDeliveries(it, [settlements[0], settlements[2]])).toBeNull();
  expect(calls).toHaveLength(2);
  expect(it.table.find(settlements[1].lease, 0)).toBeDefined();
});

test("a call that breaks among many for one fan-out doubles what was in it at most", async () => {
  const sent = new Map<string, number>();
  let calls = 0;
  const it = settling(
    (command) => {
      if (command instanceof GetQueueUrlCommand) return { QueueUrl: `http://localhost/${command.input.QueueName}` };
      if (!(command instanceof SendMessageBatchCommand)) return { Attributes: {} };
      calls += 1;
      if (calls === 7) throw new PublishUncertainError("No answer came.");
      for (const { MessageBody = "" } of command.input.Entries ?? [])
        sent.set(MessageBody, (sent.get(MessageBody) ?? 0) + 1);
      return {};
    },
    { ...queue, queue: "q", isFifo: false },
  );
  const followUps = Array.from({ length: 100 }, (_, index) => {
    const properties = { messageId: `step-${index}`, contentType: "x", contentEncoding: "binary" };
    return { to: "next", headers: {}, properties, body: new Uint8Array(3) };
  });
  const settlements = [{ kind: "ack", lease: hold(it, "head"), followUps }] as const;
  await expect(settleDeliveries(it, settlements)).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN" });
  expect(await settleDeliveries(it, settlements)).toBeNull();
  expect([sent.size, [...sent.values()].filter((times) => times !== 1)]).toEqual([100, []]);
  expect(calls).toBe(11);
});

test("a message of a FIFO queue that is released again and again is not charged with that, but with what SQS did not take", async () => {
  let isRefused = false;
  const it = settling((command) => {
    if (!isRefused || !(command instanceof ChangeMessageVisibilityBatchCommand)) return {};
    return { Failed: [{ Id: "0", Code: "ReceiptHandleIsInvalid", SenderFault: true }] };
  });
  const losses: number[] = [];
  for (let receives = 1; receives <= 60; receives += 1) {
    isRefused = receives === 59;
    const Attributes = { ApproximateReceiveCount: String(receives) };
    const arrival = readArrival("q.fifo", { MessageId: "m", ReceiptHandle: "h", Attributes }, 0);
    // Long after it was handed out first, and after it was released last.
    it.table.fifoReceives.note(arrival, { nowMs: receives * 9 * leaseMs, sinceFirstMs: 999 * leaseMs, leaseMs });
    losses.push(arrival.uncertainLosses);
    const { lease } = it.table.add("q.fifo", arrival, leaseMs);
    await settleDeliveries(it, [{ kind: "release", lease, delayMs: 0 }]);
  }
  expect(losses).toEqual([...Array.from({ length: 59 }, () => 0), 1]);
});
