import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import { messageState } from "./message-state.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

/** Counts of one queue. Reads the indexes only. */
export function queueStats(db: Statements, queue: QueueRow, nowMs: number): QueueStats {
  const { count: ready, oldest } = countReady(db, queue);
  const delayed = countHeld(db, queue, messageState.delayed);
  // Due, and made ready by the next claim: nobody need know the difference.
  const due = countDue(db, queue, nowMs);
  const dead = isDeadLetterQueue(queue.name) ? queue : findQueue(db, deadLetterQueueOf(queue.name));
  return {
    queue: queue.name,
    ready: ready + due + countHeld(db, queue, messageState.suspect),
    delayed: delayed - due,
    unsettled: countHeld(db, queue, messageState.leased),
    dead: dead === undefined ? 0 : countReady(db, dead).count,
    ...(oldest === undefined ? {} : { oldestReadyMs: Math.max(0, Math.floor(nowMs - oldest)) }),
  };
}

function countReady(db: Statements, queue: QueueRow): { count: number; oldest: number | undefined } {
  const sql = "SELECT count(*) AS count, min(place) AS oldest FROM lovage_messages WHERE queue = ? AND state = 2";
  const row = db.statement(sql).get(queue.id);
  const oldest = row?.["oldest"];
  return { count: Number(row?.["count"]), oldest: typeof oldest === "number" ? oldest : undefined };
}

function countHeld(db: Statements, queue: QueueRow, state: number): number {
  const sql = "SELECT count(*) AS count FROM lovage_messages WHERE queue = ? AND state = ? AND state > 2";
  return Number(db.statement(sql).get(queue.id, state)?.["count"]);
}

function countDue(db: Statements, queue: QueueRow, nowMs: number): number {
  const sql = "SELECT count(*) AS count FROM lovage_messages WHERE queue = ? AND state = 3 AND state > 2 AND at <= ?";
  return Number(db.statement(sql).get(queue.id, nowMs)?.["count"]);
}
