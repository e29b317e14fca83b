import { nowMsOnce } from "@lovage/client-postgres";

import type { Database } from "./database.ts";

/** Rows of each table that one sweep removes at most. */
const maxRows = 500;

const byExpiry = [
  sweepOf("results", "expires_at"),
  sweepOf("holds", "ends_at"),
  sweepOf("waiters", "ends_at"),
  sweepOf("buckets", "booked_until"),
  sweepOf("keys", "expires_at"),
  sweepOf("schedule_runs", "expires_at"),
];

/** Held while their members are looked at: an arrival that is under way may renew a join whose time has just passed. */
const expiredJoins = `SELECT ctid, join_id FROM @joins WHERE expires_at <= ${nowMsOnce} ORDER BY expires_at LIMIT ${maxRows} FOR UPDATE SKIP LOCKED`;

/**
 * Members first: those of a join may be millions. It goes once none of them is left, in this sweep or a later one. OFFSET has them looked for by each join alone: the planner
 * would rather compare all members there are with the joins.
 */
const joins = [
  `DELETE FROM @join_members WHERE ctid = ANY(ARRAY(
    SELECT m.ctid FROM (${expiredJoins}) j CROSS JOIN LATERAL (
      SELECT ctid FROM @join_members WHERE join_id = j.join_id LIMIT ${maxRows} FOR UPDATE SKIP LOCKED) m LIMIT ${maxRows})) RETURNING 1`,
  `DELETE FROM @joins WHERE ctid = ANY(ARRAY(
    SELECT j.ctid FROM (${expiredJoins}) j WHERE NOT EXISTS (SELECT FROM @join_members m WHERE m.join_id = j.join_id OFFSET 0))) RETURNING 1`,
];

/** Removes some of what has expired; returns how many rows. Rows that others hold are left to the next sweep. */
export async function sweepExpired(database: Database): Promise<number> {
  let removed = 0;
  // Joins last: what may fail because it takes too long must not keep the others from being swept.
  for (const sql of [...byExpiry, ...joins]) removed += (await database.query(sql, [])).length;
  return removed;
}

function sweepOf(table: string, column: string): string {
  return `DELETE FROM @${table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM @${table} WHERE ${column} <= ${nowMsOnce} ORDER BY ${column} LIMIT ${maxRows} FOR UPDATE SKIP LOCKED)) RETURNING 1`;
}
