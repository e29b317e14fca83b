import type { Hold, HoldRequest } from "@lovage/backend";
import type { SqliteConnection } from "@lovage/client-sqlite";
import { takeNumbers } from "./store.ts";

const prolong = "UPDATE lovage_hold SET ends_at = ? WHERE name = ? AND holder = ? AND ends_at > ? RETURNING fence";
const held = "SELECT count(*) AS places, min(ends_at) AS ends_at FROM lovage_hold WHERE name = ? AND ends_at > ?";
const waiting =
  "SELECT count(*) AS ahead, min(ends_at) AS ends_at FROM lovage_waiter WHERE name = ? AND ends_at > ? AND turn < coalesce((SELECT turn FROM lovage_waiter WHERE name = ? AND holder = ? AND ends_at > ?), ?)";
const grant =
  "INSERT INTO lovage_hold (name, holder, fence, ends_at) VALUES (?, ?, ?, ?) ON CONFLICT (name, holder) DO UPDATE SET fence = excluded.fence, ends_at = excluded.ends_at";
const wait =
  "INSERT INTO lovage_waiter (turn, name, holder, ends_at) VALUES (?, ?, ?, ?) ON CONFLICT (name, holder) DO UPDATE SET turn = CASE WHEN ends_at > ? THEN turn ELSE excluded.turn END, ends_at = excluded.ends_at";
const stopWaiting = "DELETE FROM lovage_waiter WHERE name = ? AND holder = ?";

/** Grants a place, prolongs the one held, or tells when to ask again. For use inside a write. */
export function acquirePlace(connection: SqliteConnection, request: HoldRequest, nowMs: number): Hold {
  const { name, holder, limit = 1, leaseMs, waitMs = 0 } = request;
  const endsAtMs = nowMs + leaseMs;
  const prolonged = connection.statement(prolong).get(endsAtMs, name, holder, nowMs);
  if (prolonged !== undefined) return { granted: true, fence: Number(prolonged["fence"]) };
  const holds = connection.statement(held).get(name, nowMs);
  const waits = connection.statement(waiting).get(name, nowMs, name, holder, nowMs, Number.MAX_SAFE_INTEGER);
  const ahead = Number(waits?.["ahead"]);
  if (limit - Number(holds?.["places"]) > ahead) {
    const fence = takeNumbers(connection, 1);
    connection.statement(grant).run(name, holder, fence, endsAtMs);
    connection.statement(stopWaiting).run(name, holder);
    return { granted: true, fence };
  }
  if (waitMs > 0) connection.statement(wait).run(takeNumbers(connection, 1), name, holder, nowMs + waitMs, nowMs);
  else connection.statement(stopWaiting).run(name, holder);
  const nextEndAtMs = Math.min(...[holds, waits].map((row) => Number(row?.["ends_at"] ?? Infinity)));
  return { granted: false, retryInMs: Math.max(1, nextEndAtMs - nowMs), ahead };
}

/** Ends a hold, or leaves the queue of waiters. For use inside a write. */
export function releasePlace(connection: SqliteConnection, name: string, holder: string): void {
  connection.statement("DELETE FROM lovage_hold WHERE name = ? AND holder = ?").run(name, holder);
  connection.statement(stopWaiting).run(name, holder);
}

/** Prolongs a hold. For use inside a write. */
export function renewPlace(
  connection: SqliteConnection,
  { name, holder, leaseMs }: Pick<HoldRequest, "name" | "holder" | "leaseMs">,
  nowMs: number,
): boolean {
  return connection.statement(prolong).get(nowMs + leaseMs, name, holder, nowMs) !== undefined;
}
