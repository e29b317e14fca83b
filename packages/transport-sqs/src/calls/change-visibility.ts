import { ChangeMessageVisibilityBatchCommand } from "@aws-sdk/client-sqs";

import { sendInBatches, type BatchFailure } from "./batches.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";

/** For how long a message stays hidden from now on. */
export interface VisibilityChange {
  readonly handle: string;
  readonly seconds: number;
}

/** What a lease of so many ms is in SQS: a second more, so that the answer's way back does not make ours end after theirs. */
export function visibilitySeconds(leaseMs: number): number {
  return Math.ceil(leaseMs / 1_000) + 1;
}

/** Changes how long messages stay hidden; 0 shows them at once. */
export function changeVisibility(
  api: SqsApi,
  queue: KnownQueue,
  changes: readonly VisibilityChange[],
): Promise<readonly BatchFailure[]> {
  return sendInBatches({
    api,
    queue: queue.queue,
    entries: changes.map(({ handle, seconds }) => ({ ReceiptHandle: handle, VisibilityTimeout: seconds })),
    send: async (entries) => {
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries: [...entries] });
      return (await api.call((client, options) => client.send(command, options), { queue: queue.queue })).Failed ?? [];
    },
  });
}
