import { ArgumentWriter, type RedisScript } from "@lovage/client-redis";
import { isPlainMessage, type RoutedMessage } from "@lovage/lease-engine";
import { PublishError, type PublishFailure } from "@lovage/transport";

import { toPublishError } from "./errors.ts";
import { addItem, writeStamp } from "./item.ts";
import { messageGroups } from "./message-groups.ts";
import { confirmScript, followUpScript, publishOneScript, publishScript } from "./scripts/publish.ts";
import { enlist, type Server } from "./server.ts";
import { StepKeys } from "./step-keys.ts";

const durably = { durably: true } as const;

/**
 * Writes messages in one step; in a cluster in one for each slot, at the same time.
 * @throws PublishError when some of several slots failed: it names the messages that were not accepted
 */
export function publishMessages(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  const [first] = messages;
  if (first !== undefined && messages.length === 1 && isPlainMessage(first) && !server.readers.areCelery(first.to)) {
    return publishOne(server, first);
  }
  const publish = (part: readonly RoutedMessage[]): Promise<void> => writeGroups(server, publishScript, part);
  return server.isCluster ? eachSlot(server, messages, publish) : publish(messages);
}

/** Writes follow-ups for one slot, of what is settled once they are accepted. @throws PUBLISH_UNCERTAIN, TRANSPORT_UNAVAILABLE */
export function publishFollowUps(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  return writeGroups(server, followUpScript, messages);
}

/** Resolves once enough replicas have what the present connection wrote to the queue. @throws PUBLISH_UNCERTAIN */
export async function confirmReplicas(server: Server, queue: string): Promise<void> {
  await write(server, () => server.connection().run(confirmScript, [server.keys.base(queue)], [], durably));
}

/**
 * Has the messages of each slot written, all slots at the same time.
 * @throws PublishError when some of several slots failed: it names the messages that were not accepted
 */
export async function eachSlot(
  server: Server,
  messages: readonly RoutedMessage[],
  publish: (messages: readonly RoutedMessage[]) => Promise<void>,
): Promise<void> {
  const slots = bySlot(server, messages);
  if (slots.length <= 1) return await publish(messages);
  const outcomes = await Promise.allSettled(slots.map((places) => publish(at(messages, places))));
  const failures = outcomes.flatMap((outcome, slot) =>
    outcome.status === "fulfilled" ? [] : failuresOf(messages, slots[slot] ?? [], outcome.reason as Error),
  );
  if (failures.length === 0) return;
  throw new PublishError(
    failures.toSorted((one, other) => one.index - other.index),
    messages.length,
  );
}

function writeGroups(server: Server, script: RedisScript, messages: readonly RoutedMessage[]): Promise<void> {
  const keys = new StepKeys(server);
  keys.addTargets(messages);
  return write(server, () => keys.run(script, messageGroups(server, messages), durably));
}

async function publishOne(server: Server, message: RoutedMessage): Promise<void> {
  const args = new ArgumentWriter(message.body.byteLength);
  addItem(args, message, writeStamp(server.nowMs()));
  const keys = [server.keys.base(message.to)];
  await write(server, () => server.connection().run(publishOneScript, keys, args, durably));
}

async function write(server: Server, run: () => Promise<unknown>): Promise<void> {
  try {
    await enlist(server, await run());
  } catch (error) {
    throw toPublishError(error);
  }
}

/** The places of messages that go to the same slot. */
function bySlot({ keys }: Server, messages: readonly RoutedMessage[]): readonly (readonly number[])[] {
  const slots = new Map<string, number[]>();
  for (const [place, { to }] of messages.entries()) {
    const tag = keys.tagOf(to);
    const places = slots.get(tag);
    if (places === undefined) slots.set(tag, [place]);
    else places.push(place);
  }
  return [...slots.values()];
}

function at(messages: readonly RoutedMessage[], places: readonly number[]): readonly RoutedMessage[] {
  return places.flatMap((place) => messages[place] ?? []);
}

function failuresOf(messages: readonly RoutedMessage[], places: readonly number[], error: Error): PublishFailure[] {
  return places.map((index) => ({ index, messageId: messages[index]?.properties.messageId ?? "", error }));
}
