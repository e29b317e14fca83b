import type { RedisArgument } from "@lovage/client-redis";
import type { RoutedMessage } from "@lovage/lease-engine";

import { encodeItem } from "./item.ts";
import type { Keys } from "./keys.ts";

/** Longest delay in ms that a stamp can hold; further ones are shown as this. */
const furthestStampMs = 2_821_109_907_455;

/**
 * Messages as the scripts take them: in order, and those in a row that go the same way as one group (base, priority, key, count, items).
 * @param nowMs The server's time, as far as it is known here.
 */
export function messageGroups(keys: Keys, messages: readonly RoutedMessage[], nowMs: number): RedisArgument[] {
  const args: RedisArgument[] = [];
  let last: string | undefined;
  let countAt = 0;
  for (const message of messages) {
    const [priority, key] = wayOf(message);
    const base = keys.base(message.to);
    const way = `${base} ${priority} ${key}`;
    if (way !== last) {
      countAt = args.push(base, priority, key, 0) - 1;
      last = way;
    }
    args[countAt] = (args[countAt] as number) + 1;
    args.push(encodeItem(message, Math.min(furthestStampMs, dueAtMs(message, nowMs))));
  }
  return args;
}

/** Priority and key; for a delayed message how to count, and milliseconds. */
function wayOf({ notBefore, properties }: RoutedMessage): [string, string] {
  if (notBefore === undefined) return [String(properties.priority ?? 0), properties.key ?? ""];
  return "inMs" in notBefore ? ["r", msText(notBefore.inMs)] : ["a", msText(notBefore.atMs)];
}

/** Without an exponent, which the scripts would read but Redis would not. */
function msText(ms: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(ms))));
}

function dueAtMs({ notBefore }: RoutedMessage, nowMs: number): number {
  if (notBefore === undefined) return nowMs;
  return Math.max(nowMs, "inMs" in notBefore ? nowMs + notBefore.inMs : notBefore.atMs);
}
