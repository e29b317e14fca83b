import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { QueueAdmin } from "@lovage/transport";
import { expect, onTestFinished, test, vi } from "vitest";

import { LeaseTable } from "../leases/lease-table.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import { QueueOfSqs } from "../test-support/queue-of-sqs.ts";
import { SqsAdmin } from "./admin.ts";

/** Queues that SQS has purged within the last minute. In each, and in the delays of a FIFO queue, something is delayed. */
function purgedAMomentAgo(): { readonly admin: QueueAdmin; readonly queue: QueueOfSqs } {
  const clock = virtualClock();
  const queue = new QueueOfSqs(clock);
  const answer = async (command: unknown): Promise<object> => {
    if (command instanceof PurgeQueueCommand) {
      const message = "Only one PurgeQueue operation on q is allowed every 60 seconds.";
      throw Object.assign(new Error(message), { name: "PurgeQueueInProgress" });
    }
    if (command instanceof GetQueueUrlCommand) return { QueueUrl: `http://localhost/${command.input.QueueName}` };
    if (!(command instanceof GetQueueAttributesCommand)) return await queue.answer(command);
    const isFifo = command.input.QueueUrl?.endsWith(".fifo") === true;
    return { Attributes: isFifo ? { FifoQueue: "true" } : { ApproximateNumberOfMessagesDelayed: "1" } };
  };
  vi.spyOn(SQSClient.prototype, "send").mockImplementation(answer as never);
  onTestFinished(() => void vi.restoreAllMocks());
  const api = new SqsApi({ endpoint: "http://localhost" }, clock);
  vi.spyOn(api, "pause").mockResolvedValue();
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const context = { api, clock, log: silentLog, directory, table: new LeaseTable(), claims: undefined };
  void clock.advance(2_000);
  return { admin: new SqsAdmin(context, ""), queue };
}

const refusal = {
  code: "TRANSPORT_BUSY",
  message: expect.stringMatching(/every 60 seconds\. SQS purges a queue once a minute: purge it again/) as string,
};

test("what SQS purged within the last minute can be purged later, and the error says when", async () => {
  const { admin } = purgedAMomentAgo();
  await expect(admin.purge("q")).rejects.toMatchObject(refusal);
});

test("what is ready in a FIFO queue is purged, though what it delays cannot be for now", async () => {
  const { admin, queue } = purgedAMomentAgo();
  for (const body of ["a", "b"]) queue.add(body);
  await expect(admin.purge("orders.fifo")).rejects.toMatchObject(refusal);
  expect(await queue.answer(new ReceiveMessageCommand({ QueueUrl: "", MaxNumberOfMessages: 10 }))).toEqual({
    Messages: [],
  });
});
