import { ArgumentWriter, type RedisScript } from "@lovage/client-redis";
import { isPlainMessage, type RoutedMessage } from "@lovage/lease-engine";
import { PublishError, type PublishFailure } from "@lovage/transport";

import { toPublishError } from "./errors.ts";
import { addItem, writeStamp } from "./item.ts";
import { messageGroups } from "./message-groups.ts";
import { publishOneScript, publishScript } from "./scripts/publish.ts";
import { enlist, type Server } from "./server.ts";

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
  return server.isCluster ? publishApart(server, messages) : publishTogether(server, messages);
}

async function publishApart(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  const slots = bySlot(server, messages);
  if (slots.length <= 1) return await publishTogether(server, messages);
  const outcomes = await Promise.allSettled(slots.map((places) => publishTogether(server, at(messages, places))));
  const failures = outcomes.flatMap((outcome, slot) =>
    outcome.status === "fulfilled" ? [] : failuresOf(messages, slots[slot] ?? [], outcome.reason as Error),
  );
  if (failures.length === 0) return;
  throw new PublishError(
    failures.toSorted((one, other) => one.index - other.index),
    messages.length,
  );
}

async function publishTogether(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  await write(server, publishScript, { bases: basesOf(server, messages), args: messageGroups(server, messages) });
}

async function publishOne(server: Server, message: RoutedMessage): Promise<void> {
  const args = new ArgumentWriter(message.body.byteLength);
  addItem(args, message, writeStamp(server.nowMs()));
  await write(server, publishOneScript, { bases: [server.keys.base(message.to)], args });
}

interface Writing {
  readonly bases: readonly string[];
  readonly args: ArgumentWriter;
}

async function write(server: Server, script: RedisScript, { bases, args }: Writing): Promise<void> {
  try {
    await enlist(server, await server.connection().run(script, bases, args, durably));
  } catch (error) {
    throw toPublishError(error);
  }
}

function basesOf({ keys }: Server, messages: readonly RoutedMessage[]): readonly string[] {
  const bases = new Set<string>();
  let last: string | undefined;
  for (const { to } of messages) {
    if (to !== last) bases.add(keys.base(to));
    last = to;
  }
  return [...bases];
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
