import type { RoutedMessage } from "@lovage/lease-engine";
import { PublishError, type NotBefore, type PublishFailure } from "@lovage/transport";

import { encodeBody } from "./envelope.ts";
import { delayQueueOf } from "./queue-name.ts";
import type { KnownQueue } from "./queue-directory.ts";
import { delayedOutgoing, fifoAddress, freshOutgoing, sendAll, type Outgoing } from "./send.ts";
import { blankStamp } from "./stamp.ts";
import type { SqsContext } from "./sqs-context.ts";

/** A message with its place in the batch it came from. */
interface Placed {
  readonly index: number;
  readonly outgoing: Outgoing;
}

/** Why a message of a batch was not accepted, by its place. */
export type PublishFailures = ReadonlyMap<number, Error>;

/** Sends messages, each queue's apart. */
export async function publishMessages(
  context: SqsContext,
  messages: readonly RoutedMessage[],
  twistOf: (index: number) => string = () => "",
): Promise<PublishFailures> {
  const byQueue = new Map<KnownQueue, Placed[]>();
  const failures = new Map<number, Error>();
  for (const [index, message] of (await depositAll(context, messages, failures)).entries()) {
    if (failures.has(index)) continue;
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

/** Takes the bodies away that are too large, before anything is sent. What fails at that is noted, and is no reason to hold up the others. */
async function depositAll(
  { claims, directory }: SqsContext,
  messages: readonly RoutedMessage[],
  failures: Map<number, Error>,
): Promise<readonly RoutedMessage[]> {
  if (claims === undefined) return messages;
  const deposit = async (message: RoutedMessage, index: number): Promise<RoutedMessage> => {
    const queue = await directory.require(message.to);
    try {
      return await claims.deposit(message, queue);
    } catch (error) {
      failures.set(index, error as Error);
      return message;
    }
  };
  return await Promise.all(messages.map((message, index) => deposit(message, index)));
}

/** @throws PUBLISH_FAILED, or the one error when there was one message only */
export function throwFailures(messages: readonly RoutedMessage[], errors: PublishFailures): void {
  if (errors.size === 0) return;
  const failures = [...errors].map(([index, error]): PublishFailure => {
    return { index, messageId: messages[index]?.properties.messageId ?? "", error };
  });
  throw new PublishError(
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
  const body = encodeBody(message, queue.sqsName);
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
