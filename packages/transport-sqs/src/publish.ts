import type { RoutedMessage } from "@lovage/lease-engine";
import { PublishError, type NotBefore, type PublishFailure } from "@lovage/transport";

import { encodeBody } from "./message/envelope.ts";
import { delayQueueOf } from "./queues/queue-name.ts";
import type { KnownQueue } from "./queues/queue-directory.ts";
import { delayedOutgoing, fifoAddress, freshOutgoing, sendAll, type Outgoing } from "./calls/send.ts";
import { blankStamp } from "./message/stamp.ts";
import type { SqsContext } from "./sqs-context.ts";

/** A message with its place in the batch it came from. */
interface Placed {
  readonly index: number;
  readonly outgoing: Outgoing;
}

/** Why a message of a batch was not accepted, by its place. */
export type PublishFailures = ReadonlyMap<number, Error>;

/** Sends messages, each queue's apart; bodies that are too large are elsewhere by now. */
export async function publishMessages(
  context: SqsContext,
  messages: readonly RoutedMessage[],
  twistOf: (index: number) => string = () => "",
): Promise<PublishFailures> {
  const byQueue = new Map<KnownQueue, Placed[]>();
  const failures = new Map<number, Error>();
  for (const [index, message] of messages.entries()) {
    const { queue, outgoing } = await place(context, message, twistOf(index));
    const placed = byQueue.get(queue);
    if (placed === undefined) byQueue.set(queue, [{ index, outgoing }]);
    else placed.push({ index, outgoing });
  }
  const sent = [...byQueue].map(async ([queue, placed]) => {
    const failed = await sendAll(
      context.api,
      queue,
      placed.map(({ outgoing }) => outgoing),
    );
    for (const { index, error } of failed) failures.set(placed[index]?.index ?? -1, error);
  });
  await Promise.all(sent);
  return failures;
}

/** PUBLISH_FAILED, also where there was one message only; `undefined` where all were accepted. */
export function failuresError(messages: readonly RoutedMessage[], errors: PublishFailures): Error | undefined {
  if (errors.size === 0) return undefined;
  const failures = [...errors].map(([index, error]): PublishFailure => {
    return { index, messageId: messages[index]?.properties.messageId ?? "", error };
  });
  return new PublishError(
    failures.toSorted((a, b) => a.index - b.index),
    messages.length,
  );
}

async function place(
  context: SqsContext,
  message: RoutedMessage,
  twist: string,
): Promise<{ readonly queue: KnownQueue; readonly outgoing: Outgoing }> {
  const queue = await context.directory.require(message.to);
  const waitMs = waitOf(message.notBefore, context.clock.now());
  if (waitMs <= 0) return { queue, outgoing: freshOutgoing(message, queue, twist) };
  const body = encodeBody(message, queue.queue);
  if (!queue.isFifo) return { queue, outgoing: delayedOutgoing(body, blankStamp, waitMs) };
  const delays = await context.directory.require(delayQueueOf(queue.queue));
  const next = fifoAddress(message, queue, twist);
  return { queue: delays, outgoing: delayedOutgoing(body, { ...blankStamp, next }, waitMs) };
}

/** An instant becomes a wait by our clock: SQS delays by seconds only. */
function waitOf(notBefore: NotBefore | undefined, nowMs: number): number {
  if (notBefore === undefined) return 0;
  return "inMs" in notBefore ? notBefore.inMs : notBefore.atMs - nowMs;
}
