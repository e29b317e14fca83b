import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import { delayQueueOf } from "./queue-name.ts";
import type { KnownQueue } from "./queue-directory.ts";
import type { SqsContext } from "./sqs-context.ts";

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
  const { directory } = context;
  const dead = isDeadLetterQueue(queue) ? known : await directory.require(deadLetterQueueOf(queue));
  const [own, inDead, waiting] = await Promise.all([
    countsOf(context, known),
    dead === known ? undefined : countsOf(context, dead),
    isFifo ? directory.require(delayQueueOf(queue)).then((delays) => countsOf(context, delays)) : undefined,
  ]);
  const deadCounts = inDead ?? own;
  return {
    queue,
    ready: own.ready,
    dead: deadCounts.ready,
    // A FIFO queue hides what is released with a delay, as it hides what is in work: the two cannot be told apart.
    ...(waiting === undefined ? { delayed: own.delayed, unsettled: own.hidden } : {}),
  };
}
