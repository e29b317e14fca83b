import type { SqliteConnection } from "@lovage/client-sqlite";
import type { SweepOutcome, SweepRequest } from "@lovage/lease-engine";
import { deadLetterQueueOf } from "@lovage/transport";

import { findQueue, type QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

/** What a sweep did, and which queues have messages again. */
export interface SweepResult extends SweepOutcome {
  readonly filled: readonly string[];
}

/** Takes back what dead consumers held and drops old dead letters, at most `max` of both. Looks without a lock first. */
export async function sweepQueues(
  connection: SqliteConnection,
  request: SweepRequest & { readonly nowMs: number },
): Promise<SweepResult> {
  const isClean = await connection.read(() =>
    request.queues.every((name) => hasNothing(connection, name, request.nowMs)),
  );
  if (isClean) return { recovered: 0, more: false, filled: [] };
  return connection.write(() => sweepNow(connection, request));
}

function sweepNow(db: Statements, request: SweepRequest & { readonly nowMs: number }): SweepResult {
  const filled: string[] = [];
  let recovered = 0;
  let dropped = 0;
  for (const name of request.queues) {
    const queue = findQueue(db, name);
    const dead = findQueue(db, deadLetterQueueOf(name));
    const left = request.max - recovered - dropped;
    const count = queue === undefined ? 0 : recover(db, queue, { ...request, max: left });
    if (count > 0) filled.push(name);
    recovered += count;
    if (dead !== undefined) dropped += dropDead(db, dead, { nowMs: request.nowMs, max: left - count });
  }
  return { recovered, more: recovered + dropped >= request.max, filled };
}

interface Bounds {
  readonly nowMs: number;
  readonly max: number;
}

function recover(
  db: Statements,
  { id }: QueueRow,
  { nowMs, max, suspectAfter }: Bounds & { suspectAfter: number },
): number {
  const { changes } = db
    .statement(
      `UPDATE lovage_messages
       SET losses = losses + 1, redelivered = 1, suspect = losses + 1 >= ?, state = CASE WHEN losses + 1 >= ? THEN 5 ELSE 2 END, at = ?
       WHERE id IN (SELECT id FROM lovage_messages WHERE queue = ? AND state = 4 AND state > 2 AND at <= ? ORDER BY at LIMIT ?)`,
    )
    .run(suspectAfter, suspectAfter, nowMs, id, nowMs, max);
  return Number(changes);
}

/** A dead-letter queue is in order of death, so only its head is looked at. */
function dropDead(db: Statements, dead: QueueRow, { nowMs, max }: Bounds): number {
  const { changes } = db
    .statement(
      `DELETE FROM lovage_messages WHERE id IN (
         SELECT id FROM (SELECT id, at FROM lovage_messages WHERE queue = ? AND state = 2 ORDER BY urgency, key, place, id LIMIT ?) WHERE at <= ?
       )`,
    )
    .run(dead.id, max, nowMs - dead.retentionMs);
  return Number(changes);
}

function hasNothing(db: Statements, name: string, nowMs: number): boolean {
  const queue = findQueue(db, name);
  const dead = findQueue(db, deadLetterQueueOf(name));
  return (queue === undefined || !hasEnded(db, queue, nowMs)) && (dead === undefined || !hasOld(db, dead, nowMs));
}

function hasEnded(db: Statements, { id }: QueueRow, nowMs: number): boolean {
  const sql = "SELECT 1 FROM lovage_messages WHERE queue = ? AND state = 4 AND state > 2 AND at <= ? LIMIT 1";
  return db.statement(sql).get(id, nowMs) !== undefined;
}

function hasOld(db: Statements, dead: QueueRow, nowMs: number): boolean {
  const sql = "SELECT at FROM lovage_messages WHERE queue = ? AND state = 2 ORDER BY urgency, key, place, id LIMIT 1";
  const row = db.statement(sql).get(dead.id);
  return row !== undefined && Number(row["at"]) <= nowMs - dead.retentionMs;
}
