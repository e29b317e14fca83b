import type { RoutedMessage } from "@lovage/lease-engine";
import { PublishError, type PublishFailure } from "@lovage/transport";

import { asPublish } from "./errors.ts";
import { messageGroups } from "./message-groups.ts";
import { publishScript } from "./scripts/publish.ts";
import { enlist, type Server } from "./server.ts";

/**
 * Writes messages in one step; in a cluster in one for each slot, at the same time.
 * @throws PublishError when some of several slots failed: it names the messages that were not accepted
 */
export async function publishMessages(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  const slots = server.isCluster ? bySlot(server, messages) : [[...messages.keys()]];
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

function publishTogether(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  const args = messageGroups(server, messages);
  const bases = [...new Set(messages.map(({ to }) => server.keys.base(to)))];
  return asPublish(async () => {
    await enlist(server, await server.connection().run(publishScript, bases, args, { durably: true }));
  });
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
