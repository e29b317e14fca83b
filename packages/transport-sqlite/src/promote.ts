import type { QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

const maxPromoted = 1_000;

/** Makes ready what is due, a bounded number: the next claim goes on. */
export function promoteDue(db: Statements, queue: QueueRow, nowMs: number): void {
  const dueAtMs = nextDueAt(db, queue);
  if (dueAtMs === undefined || dueAtMs > nowMs) return;
  db.statement(
    `UPDATE lovage_messages SET state = CASE suspect WHEN 1 THEN 5 ELSE 2 END WHERE id IN (
       SELECT id FROM lovage_messages WHERE queue = ? AND state = 3 AND state > 2 AND at <= ? ORDER BY at LIMIT ?
     )`,
  ).run(queue.id, nowMs, maxPromoted);
}

/** When the next delayed message is due; `undefined` when none waits. */
export function nextDueAt(db: Statements, queue: QueueRow): number | undefined {
  const sql = "SELECT at FROM lovage_messages WHERE queue = ? AND state = 3 AND state > 2 ORDER BY at LIMIT 1";
  const row = db.statement(sql).get(queue.id);
  return row === undefined ? undefined : Number(row["at"]);
}
