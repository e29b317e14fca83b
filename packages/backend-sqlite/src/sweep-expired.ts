import type { SqliteConnection } from "@lovage/client-sqlite";

/** Rows of each table that one sweep removes at most: a few milliseconds under the lock. */
const maxRows = 500;

const byExpiry = [
  "DELETE FROM lovage_result WHERE change IN (SELECT change FROM lovage_result WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
  "DELETE FROM lovage_hold WHERE (name, holder) IN (SELECT name, holder FROM lovage_hold WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)",
  "DELETE FROM lovage_waiter WHERE turn IN (SELECT turn FROM lovage_waiter WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)",
  "DELETE FROM lovage_bucket WHERE name IN (SELECT name FROM lovage_bucket WHERE booked_until <= ? ORDER BY booked_until LIMIT ?)",
  "DELETE FROM lovage_key WHERE key IN (SELECT key FROM lovage_key WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
  "DELETE FROM lovage_schedule_run WHERE (schedule_id, instant) IN (SELECT schedule_id, instant FROM lovage_schedule_run WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
];

const oldestJoin = "SELECT join_id FROM lovage_join WHERE expires_at <= ? ORDER BY expires_at LIMIT 1";
const membersOfJoin =
  "DELETE FROM lovage_join_member WHERE rowid IN (SELECT rowid FROM lovage_join_member WHERE join_id = ? LIMIT ?)";

/** Removes some of what has expired; returns how many rows. For use inside a write. */
export function sweepExpired(connection: SqliteConnection, nowMs: number): number {
  let removed = sweepJoins(connection, nowMs);
  for (const sql of byExpiry) removed += Number(connection.statement(sql).run(nowMs, maxRows).changes);
  return removed;
}

/** Members first: a join goes once none of them is left, in this sweep or a later one. */
function sweepJoins(connection: SqliteConnection, nowMs: number): number {
  let removed = 0;
  while (removed < maxRows) {
    const joinId = connection.statement(oldestJoin).get(nowMs)?.["join_id"];
    if (joinId === undefined) break;
    removed += Number(connection.statement(membersOfJoin).run(String(joinId), maxRows - removed).changes);
    if (removed >= maxRows) break;
    removed += Number(connection.statement("DELETE FROM lovage_join WHERE join_id = ?").run(String(joinId)).changes);
  }
  return removed;
}
