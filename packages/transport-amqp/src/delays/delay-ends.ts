import type { Channel } from "@lovage/client-amqp";

/** What cannot go where it was meant to, since the queue was deleted, waits here: kept for 14 days. The exchange before it has the same name. */
export const strandedQueue = "lovage.delay.stranded";
/** Keeps nothing. A message that finds no queue at all would stay in its step for good, and 32 of them let nothing else out of it. */
export const sinkQueue = "lovage.delay.sink";

const strandedTtlMs = 14 * 86_400_000;

/** @throws AmqpError */
export async function makeStranded(channel: Channel): Promise<void> {
  await channel.assertExchange(strandedQueue, "fanout", { durable: true });
  const kept = { "x-queue-type": "quorum", "x-message-ttl": strandedTtlMs };
  await channel.assertQueue(strandedQueue, { durable: true, arguments: kept });
  await channel.bindQueue(strandedQueue, strandedQueue, "");
}

/** @throws AmqpError */
export async function makeSink(channel: Channel): Promise<void> {
  const empty = { "x-queue-type": "quorum", "x-max-length": 0 };
  await channel.assertQueue(sinkQueue, { durable: true, arguments: empty });
}
