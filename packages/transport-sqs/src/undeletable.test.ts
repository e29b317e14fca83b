import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { leaseSettings, type ClaimedMessage, type Settlement } from "@lovage/lease-engine";
import { expect, onTestFinished, test, vi } from "vitest";

import { encodeBody } from "./message/envelope.ts";
import { SqsStore } from "./store.ts";
import { QueueOfSqs } from "./test-support/queue-of-sqs.ts";

const leaseMs = 30_000;

/** A queue `q` of two messages, and who may not delete from it at first. */
interface Denied {
  readonly clock: VirtualClock;
  readonly sqs: QueueOfSqs;
  readonly store: SqsStore;
  /** To which queues how many messages were sent. */
  readonly sent: string[];
  allow(): void;
  claim(): Promise<readonly ClaimedMessage[]>;
}

function mayNotDelete(): Denied {
  const clock = virtualClock();
  const sqs = new QueueOfSqs(clock);
  const sent: string[] = [];
  let isAllowed = false;
  const answer = async (command: unknown): Promise<object> => {
    if (command instanceof GetQueueAttributesCommand) return {};
    if (command instanceof DeleteMessageBatchCommand && !isAllowed) {
      throw Object.assign(new Error("User is not authorized to perform: sqs:deletemessage."), { name: "AccessDenied" });
    }
    if (!(command instanceof SendMessageBatchCommand)) return await sqs.answer(command);
    for (const _ of command.input.Entries ?? []) sent.push(new URL(command.input.QueueUrl ?? "").pathname);
    return {};
  };
  vi.spyOn(SQSClient.prototype, "send").mockImplementation(answer as never);
  onTestFinished(() => void vi.restoreAllMocks());
  for (const messageId of ["a", "b"]) {
    const properties = { messageId, contentType: "x", contentEncoding: "binary" };
    sqs.add(encodeBody({ headers: {}, properties, body: new Uint8Array(3) }, "q"));
  }
  const queues = { q: "http://localhost/q", "q.dead": "http://localhost/q-dead" };
  const target = { endpoint: "http://localhost" };
  const settings = leaseSettings({ lease: leaseMs });
  const store = new SqsStore({ target, prefix: "", queues, creates: false, clock, log: silentLog, settings });
  const claim = async (): Promise<readonly ClaimedMessage[]> =>
    (await store.claim({ queue: "q", max: 2, leaseMs, suspects: false })).messages;
  return { clock, sqs, store, sent, allow: () => void (isAllowed = true), claim };
}

function rejectionOf({ lease, message }: ClaimedMessage): Settlement {
  return { kind: "reject", lease, message, reason: { reason: "poison" }, count: 3 };
}

const refusal = { code: "TRANSPORT_REJECTED", message: expect.stringMatching(/sqs:deletemessage/) as string };

test("from a queue whose messages may not be deleted nothing is taken, and nothing is sent for what was taken", async () => {
  const { clock, store, sent, claim } = mayNotDelete();
  const [a, b] = await claim();
  await expect(store.settle("q", [{ kind: "ack", lease: a!.lease }])).rejects.toMatchObject(refusal);
  await expect(store.settle("q", [rejectionOf(a!)])).rejects.toMatchObject(refusal);
  await expect(store.settle("q", [{ kind: "release", lease: b!.lease, delayMs: 0 }])).rejects.toMatchObject(refusal);
  for (let minute = 0; minute < 3; minute += 1) {
    await clock.advance(60_000);
    await expect(claim()).rejects.toMatchObject(refusal);
  }
  expect(sent).toEqual([]);
});

test("a message that could not be deleted leaves one dead letter, and is ended when it may be", async () => {
  const { clock, sqs, store, sent, allow, claim } = mayNotDelete();
  const [first] = await claim();
  await expect(store.settle("q", [rejectionOf(first!)])).rejects.toMatchObject(refusal);
  expect(sent).toEqual(["/q-dead"]);
  await clock.advance(2 * leaseMs);
  allow();
  const again = await claim();
  const same = again.find(({ copyId }) => copyId === first!.copyId);
  expect(await store.settle("q", [rejectionOf(same!)])).toBeNull();
  expect(sent).toEqual(["/q-dead"]);
  await clock.advance(2 * leaseMs);
  const left = await sqs.answer(new ReceiveMessageCommand({ QueueUrl: "", MaxNumberOfMessages: 10 }));
  expect(left).toMatchObject({ Messages: [{ MessageId: again.find((each) => each !== same)?.copyId }] });
});
