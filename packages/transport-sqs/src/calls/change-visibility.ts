import { ChangeMessageVisibilityBatchCommand } from "@aws-sdk/client-sqs";

import { sendInBatches, type BatchFailure } from "./batches.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { CallOptions, SqsApi } from "../sqs-api.ts";

/** For how long a message stays hidden from now on. */
export interface VisibilityChange {
  readonly handle: string;
  readonly seconds: number;
}

/** What a lease of so many ms is in SQS: a second more, so that the answer's way back does not make ours end after theirs. */
export function visibilitySeconds(leaseMs: number): number {
  return Math.ceil(leaseMs / 1_000) + 1;
}

/** As long as any other call: a long lease need not know so late. */
const longestAnswerMs = 10_000;

/**
 * How long the renewal of a lease waits for its answer, in ms. It is made when a third of the lease has passed; one whose connection has died without a word is
 * made again, over another, twice before the lease ends.
 */
export function renewalAnswerMs(leaseMs: number): number {
  return Math.min(longestAnswerMs, Math.max(1_000, leaseMs / 4));
}

/** Changes how long messages stay hidden; 0 shows them at once. */
export function changeVisibility(
  api: SqsApi,
  queue: KnownQueue,
  changes: readonly VisibilityChange[],
  options: Pick<CallOptions, "timeoutMs"> = {},
): Promise<readonly BatchFailure[]> {
  return sendInBatches({
    api,
    queue: queue.queue,
    entries: changes.map(({ handle, seconds }) => ({ ReceiptHandle: handle, VisibilityTimeout: seconds })),
    send: async (entries) => {
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries: [...entries] });
      const call = { ...options, queue: queue.queue };
      return (await api.call((client, sending) => client.send(command, sending), call)).Failed ?? [];
    },
  });
}
