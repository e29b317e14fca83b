import { DeleteMessageBatchCommand } from "@aws-sdk/client-sqs";

import { sendInBatches, type BatchFailure } from "./batches.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";

/** Deletes messages by their receipt handles. */
export function deleteAll(
  api: SqsApi,
  queue: KnownQueue,
  handles: readonly string[],
): Promise<readonly BatchFailure[]> {
  return sendInBatches({
    api,
    queue: queue.queue,
    entries: handles.map((ReceiptHandle) => ({ ReceiptHandle })),
    send: async (entries) => {
      const command = new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries: [...entries] });
      return (await api.call((client, options) => client.send(command, options), { queue: queue.queue })).Failed ?? [];
    },
  });
}
