import { createHash } from "node:crypto";

import { deadLetterQueueOf } from "@lovage/transport";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limits.html */
const maxNameLength = 80;
const fifoSuffix = ".fifo";

/** Whether a queue is first in, first out: SQS knows it by its name. */
export function isFifo(queue: string): boolean {
  return queue.endsWith(fifoSuffix);
}

/**
 * The name that a queue has in SQS, as Celery writes it: a dot becomes a hyphen, other punctuation an underscore, `.fifo` at the end stays. A name
 * that is too long for SQS ends in its digest; Celery has no such queues.
 */
export function sqsNameOf(queue: string, prefix: string): string {
  const base = isFifo(queue) ? queue.slice(0, -fifoSuffix.length) : queue;
  const plain = `${prefix}${base}`.replaceAll(".", "-").replaceAll(/[^\w-]/g, "_");
  const name = isFifo(queue) ? `${plain}${fifoSuffix}` : plain;
  if (name.length <= maxNameLength) return name;
  const ending = `-${createHash("sha256").update(name).digest("hex").slice(0, 16)}${isFifo(queue) ? fifoSuffix : ""}`;
  return `${plain.slice(0, maxNameLength - ending.length)}${ending}`;
}

/** The standard queue that holds the delayed messages of a FIFO queue, which cannot delay single messages itself. */
export function delayQueueOf(queue: string): string {
  return `${queue.slice(0, -fifoSuffix.length)}.delay`;
}

/** All queues of SQS that a queue of ours consists of: its own, its dead letters, its delayed messages. */
export function partsOf(queue: string): readonly string[] {
  return [...new Set([queue, deadLetterQueueOf(queue), ...(isFifo(queue) ? [delayQueueOf(queue)] : [])])];
}
