import { encodeFrame, type RoutedMessage } from "@lovage/lease-engine";

import { messageState } from "./message-state.ts";
import { ensureQueue, type QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

/** A message made ready to be written, before the lock is taken. */
export interface EncodedMessage {
  readonly message: RoutedMessage;
  readonly frame: Uint8Array;
}

/** Writes the bytes of messages. Done before the transaction, so that the lock is held for less. */
export function encodeMessages(messages: readonly RoutedMessage[]): EncodedMessage[] {
  return messages.map((message) => ({ message, frame: encodeFrame(message) }));
}

const insertSql =
  "INSERT INTO lovage_messages (queue, state, urgency, key, place, at, fence, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/** Inserts in order. Call it in a transaction. */
export function insertMessages(db: Statements, messages: readonly EncodedMessage[], nowMs: number): void {
  const insert = db.statement(insertSql);
  const queues = new Map<string, QueueRow>();
  let index = 0;
  for (const { message, frame } of messages) {
    let queue = queues.get(message.to);
    if (queue === undefined) {
      queue = ensureQueue(db, message.to);
      queues.set(message.to, queue);
    }
    index += 1;
    const { priority = 0, key = "" } = message.properties;
    const dueAtMs = dueAt(message, nowMs);
    const placeMs = Math.max(dueAtMs, nowMs);
    insert.run(
      queue.id,
      dueAtMs > nowMs ? messageState.delayed : messageState.ready,
      queue.priorities ? 9 - priority : 9,
      queue.fairness ? key : "",
      placeMs,
      placeMs,
      firstFence(nowMs, index),
      frame,
    );
  }
}

/** When a message is due, by the store's clock; not before now. */
function dueAt({ notBefore }: RoutedMessage, nowMs: number): number {
  if (notBefore === undefined) return nowMs;
  const atMs = "inMs" in notBefore ? nowMs + notBefore.inMs : notBefore.atMs;
  return Math.min(Math.ceil(atMs), Number.MAX_SAFE_INTEGER);
}

/**
 * SQLite gives the id of a deleted last row again. A fence that begins at the time of insertion keeps an old lease from fitting
 * the new message. Safe integers until the year 2248.
 */
function firstFence(nowMs: number, index: number): number {
  return nowMs * 1024 + (index % 1024);
}
