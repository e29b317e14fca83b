import type { DeadLetterReason } from "./delivery.ts";
import type { HeaderValue, Message } from "./message.ts";
import type { DeathRecord } from "./queue-admin.ts";
import { DEAD_LETTER_SUFFIX, isDeadLetterQueue } from "./topology.ts";

/** Header that tells how a dead letter died. */
export const DEATH_HEADER = "x-lovage-death";

const MAX_DETAIL_BYTES = 2048;

/** What workers have noted on a message between its runs. */
const RUN_HEADERS: ReadonlySet<string> = new Set([
  "x-lovage-turn",
  "x-lovage-started",
  "x-lovage-unknown-since",
  "x-lovage-failed-transactions",
  "x-lovage-redelivered",
]);

/** The message as it goes to the dead-letter queue. One that dies once more, out of a dead-letter queue, still belongs where it died first. */
export function withDeath(message: Message, death: DeadLetterReason & Omit<DeathRecord, "reason" | "detail">): Message {
  const { queue } = death;
  const detail = death.detail === undefined ? undefined : cut(death.detail);
  const record = {
    queue: isDeadLetterQueue(queue) ? originOf(message, queue) : queue,
    reason: death.reason,
    count: death.count,
    atMs: death.atMs,
    ...(detail === undefined ? {} : { detail }),
  };
  return { ...message, headers: { ...message.headers, [DEATH_HEADER]: record } };
}

/** In bytes of UTF-8, since brokers count those; without a part of a character at the end. */
function cut(detail: string): string {
  const bytes = Buffer.from(detail);
  if (bytes.byteLength <= MAX_DETAIL_BYTES) return detail;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, MAX_DETAIL_BYTES), { stream: true });
}

/** The message as it was before it died, for a replay. */
export function withoutDeath(message: Message): Message {
  const { [DEATH_HEADER]: _, ...headers } = message.headers;
  return { ...message, headers };
}

/**
 * A dead letter as it goes back to where it died; one that somebody published there by hand goes to the queue whose dead letters these are. It goes as if for the first time:
 * what was noted of its runs is left behind, and so is the time at which it would have expired (Celery's header, which workers in Python look at as well), since whoever replays it wants
 * it run.
 */
export function replayOf(message: Message, deadLetterQueue: string): Message & { readonly to: string } {
  const { headers, ...alive } = withoutDeath(message);
  const kept = Object.entries(headers).filter(([name]) => !RUN_HEADERS.has(name));
  const anew = kept.map(([name, value]): [string, HeaderValue] => [name, name === "expires" ? null : value]);
  return { ...alive, headers: Object.fromEntries(anew), to: originOf(message, deadLetterQueue) };
}

function originOf(message: Message, deadLetterQueue: string): string {
  return deathOf(message)?.queue ?? deadLetterQueue.slice(0, -DEAD_LETTER_SUFFIX.length);
}

/** How a dead letter died; `undefined` for a message that did not, or whose header was made by somebody else. */
export function deathOf(message: Message): DeathRecord | undefined {
  const value = message.headers[DEATH_HEADER];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { queue, reason, detail, count, atMs } = value as { readonly [key: string]: unknown };
  if (typeof queue !== "string" || typeof reason !== "string") return undefined;
  return {
    queue,
    reason,
    count: typeof count === "number" ? count : 1,
    atMs: typeof atMs === "number" ? atMs : 0,
    ...(typeof detail === "string" ? { detail } : {}),
  };
}
