import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { hasCode } from "@lovage/foundation";
import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsContext } from "../sqs-context.ts";

/** What SQS counts, roughly: on AWS the numbers are right a minute after the last change. */
export interface Counts {
  readonly ready: number;
  readonly delayed: number;
  readonly hidden: number;
}

/** Counts of one queue of SQS. */
export async function countsOf({ api }: SqsContext, { queue, url }: KnownQueue): Promise<Counts> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: [
      "ApproximateNumberOfMessages",
      "ApproximateNumberOfMessagesDelayed",
      "ApproximateNumberOfMessagesNotVisible",
    ],
  });
  const { Attributes: counts = {} } = await api.call((client, options) => client.send(command, options), { queue });
  return {
    ready: Number(counts.ApproximateNumberOfMessages ?? 0),
    delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
    hidden: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

/** Counts of a queue with what belongs to it. */
export async function statsOf(context: SqsContext, known: KnownQueue): Promise<QueueStats> {
  const { queue, isFifo } = known;
  const own = await countsOf(context, known);
  const dead = isDeadLetterQueue(queue) ? own : await countsOfPart(context, deadLetterQueueOf(queue));
  return {
    queue,
    ready: own.ready,
    ...(dead === undefined ? {} : { dead: dead.ready }),
    // A FIFO queue hides what is released with a delay, as it hides what is in work: the two cannot be told apart.
    ...(isFifo ? {} : { delayed: own.delayed, unsettled: own.hidden }),
  };
}

/** Queues that others made, Celery for instance, have none beside them. */
async function countsOfPart(context: SqsContext, queue: string): Promise<Counts | undefined> {
  const { directory } = context;
  const known = await directory.seek(queue);
  if (known === undefined) return undefined;
  try {
    return await countsOf(context, known);
  } catch (error) {
    if (!hasCode(error, "QUEUE_NOT_FOUND")) throw error;
    directory.forget(queue);
    return undefined;
  }
}
