import type { RedisArgument } from "@lovage/client-redis";
import { encodeEnvelope, type RoutedMessage } from "@lovage/lease-engine";

import { encodeItem, headItem } from "./item.ts";
import type { Server } from "./server.ts";
import { withEta } from "./with-eta.ts";

/** Longest delay in ms that a stamp can hold; further ones are shown as this. */
const furthestStampMs = 2_821_109_907_455;

/** Where a message goes, as the scripts take it, and what is written there. */
interface Entry {
  readonly priority: string;
  readonly key: string;
  readonly bytes: Buffer | string;
}

/** Messages as the scripts take them: in order, and those in a row that go the same way as one group (base, priority, key, count, items). */
export function messageGroups(server: Server, messages: readonly RoutedMessage[]): RedisArgument[] {
  const nowMs = server.nowMs();
  const args: RedisArgument[] = [];
  let last: string | undefined;
  let countAt = 0;
  for (const message of messages) {
    const areCelery = server.readers.areCelery(message.to);
    const { priority, key, bytes } = areCelery ? kombuEntry(server, message, nowMs) : ownEntry(message, nowMs);
    const base = server.keys.base(message.to);
    const way = `${base} ${priority} ${key}`;
    if (way !== last) {
      countAt = args.push(base, priority, key, 0) - 1;
      last = way;
    }
    args[countAt] = (args[countAt] as number) + 1;
    args.push(bytes);
  }
  return args;
}

function ownEntry(message: RoutedMessage, nowMs: number): Entry {
  const { notBefore, properties } = message;
  const bytes = encodeItem(message, stampMs(message, nowMs));
  if (notBefore !== undefined) return { ...delayOf(notBefore), bytes };
  return { priority: String(properties.priority ?? 0), key: properties.key ?? "", bytes };
}

/**
 * Celery's workers wait for the header `eta` by themselves, so what has one is ready at once. What has none waits in a delay of ours; where only Celery's
 * workers read, nobody would fetch it from there, so that it is given the header.
 */
function kombuEntry(server: Server, message: RoutedMessage, nowMs: number): Entry {
  const { to, notBefore } = message;
  const isTold = notBefore === undefined || typeof message.headers["eta"] === "string";
  const isForCelery = !isTold && server.readers.of(to) === "celery";
  const told = isForCelery ? withEta(message, stampMs(message, nowMs)) : message;
  const envelope = encodeEnvelope(told, { exchange: "", routingKey: to });
  const { priority = 0 } = message.properties;
  if (isTold || isForCelery) return { priority: "k", key: server.kombu.listFor(to, priority), bytes: envelope };
  return {
    ...delayOf(notBefore),
    bytes: headItem(Buffer.from(envelope), { priority, stampMs: stampMs(message, nowMs) }),
  };
}

/** How to count, and milliseconds. */
function delayOf(notBefore: NonNullable<RoutedMessage["notBefore"]>): Pick<Entry, "priority" | "key"> {
  return "inMs" in notBefore
    ? { priority: "r", key: msText(notBefore.inMs) }
    : { priority: "a", key: msText(notBefore.atMs) };
}

/** Without an exponent, which the scripts would read but Redis would not. */
function msText(ms: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(ms))));
}

function stampMs({ notBefore }: RoutedMessage, nowMs: number): number {
  if (notBefore === undefined) return nowMs;
  return Math.min(furthestStampMs, Math.max(nowMs, "inMs" in notBefore ? nowMs + notBefore.inMs : notBefore.atMs));
}
