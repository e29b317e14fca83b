import type { Database } from "./database.ts";
import { nowMs } from "./schema/now-ms.ts";

/** Rows of each table that one sweep removes at most. */
const maxRows = 500;

const expiries: readonly (readonly [table: string, column: string])[] = [
  ["results", "expires_at"],
  ["joins", "expires_at"],
  ["holds", "ends_at"],
  ["waiters", "ends_at"],
  ["buckets", "booked_until"],
  ["keys", "expires_at"],
  ["schedule_runs", "expires_at"],
];

/** Removes some of what has expired; returns how many rows. Rows that others hold are left to the next sweep. */
export async function sweepExpired(database: Database): Promise<number> {
  let removed = 0;
  for (const [table, column] of expiries) {
    const sql = `DELETE FROM @${table} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM @${table} WHERE ${column} <= ${nowMs} ORDER BY ${column} LIMIT ${maxRows} FOR UPDATE SKIP LOCKED)) RETURNING 1`;
    removed += (await database.query(sql, [])).length;
  }
  return removed;
}
