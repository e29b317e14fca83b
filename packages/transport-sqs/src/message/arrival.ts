import type { Message as SqsMessage } from "@aws-sdk/client-sqs";
import { isDeadLetterQueue, type Message } from "@lovage/transport";

import { claimOf } from "./claim-header.ts";
import { decodeBody } from "./envelope.ts";
import { isFifo } from "../queues/queue-name.ts";
import { readStamp, type Stamp } from "./stamp.ts";

/** A message as SQS handed it out, and what can be said of it. */
export interface Arrival {
  /** Of SQS; another for every copy. */
  readonly sqsId: string;
  /** The right to delete it and to keep it hidden. A later receive of the same copy brings a newer one. */
  handle: string;
  /** As it stands in the queue, for copies. */
  readonly body: string;
  readonly stamp: Stamp;
  /** Where its body is elsewhere, without it. */
  readonly message: Message;
  /** The key of that body. */
  readonly claim: string | undefined;
  /** Exact on standard queues; on FIFO queues none until {@link FifoReceives} finds too many. */
  losses: number;
  /** FIFO queues only: how often it may have been lost, as far as can be told. */
  uncertainLosses: number;
  readonly redelivered: boolean;
  readonly fence: number;
  /** When the broker took this copy, in Unix ms by its clock. */
  readonly sentAtMs: number;
  /** When the broker handed this copy out first, by its clock. */
  readonly firstReceivedAtMs: number;
  readonly isFirstReceive: boolean;
  /** How often this copy was handed out, as SQS counts. */
  readonly receives: number;
  /** By our monotonic clock, for the broker's limit of 12 hours. */
  readonly arrivedAtMs: number;
  /** FIFO queues only: on a standard queue a producer's group is a tenant's name for SQS' fair queues, and says nothing of order. */
  readonly group?: string;
}

/** Reads what ReceiveMessage gave. */
export function readArrival(queue: string, given: SqsMessage, arrivedAtMs: number): Arrival {
  const { MessageId: sqsId = "", ReceiptHandle: handle = "", Body: body = "", Attributes: system = {} } = given;
  const stamp = readStamp(given.MessageAttributes);
  const receives = Math.max(1, Number(system.ApproximateReceiveCount ?? 1));
  const sentAtMs = Number(system.SentTimestamp ?? 0);
  const group = isFifo(queue) ? system.MessageGroupId : undefined;
  const message = decodeBody(body, sqsId);
  return {
    sqsId,
    handle,
    body,
    stamp,
    message,
    claim: claimOf(message),
    losses: lossesOf(queue, stamp, receives),
    uncertainLosses: 0,
    redelivered: stamp.redelivered || receives > 1,
    fence: Math.max(sentAtMs, stamp.fence) + receives,
    sentAtMs,
    firstReceivedAtMs: Number(system.ApproximateFirstReceiveTimestamp ?? sentAtMs),
    isFirstReceive: receives === 1,
    receives,
    arrivedAtMs,
    ...(group === undefined ? {} : { group }),
  };
}

/** Dead letters go back in their place when they are looked at, so that they do not grow younger, and so does what a FIFO queue released: what is counted there tells nothing by itself. */
function lossesOf(queue: string, stamp: Stamp, receives: number): number {
  if (isDeadLetterQueue(queue) || isFifo(queue)) return 0;
  return stamp.losses + receives - 1;
}
