import type { PutOutcome, ResultPut } from "@lovage/backend";
import { isStickyState } from "@lovage/backend";
import type { SqliteConnection } from "@lovage/client-sqlite";
import { findResult } from "./find-result.ts";
import { takeNumbers } from "./store.ts";

/** Compares and writes in one statement: a refusal, which is rare, is looked into afterwards. */
const put = `INSERT INTO lovage_result (change, task_id, state, attempt, delivery, expires_at, document) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id) DO UPDATE SET change = excluded.change, state = excluded.state, attempt = excluded.attempt,
  delivery = excluded.delivery, expires_at = excluded.expires_at, document = excluded.document
WHERE lovage_result.expires_at <= ? OR (lovage_result.state NOT IN ('SUCCESS', 'REVOKED') AND (excluded.attempt IS NULL
  OR lovage_result.attempt IS NULL OR (lovage_result.attempt, lovage_result.delivery) <= (excluded.attempt, excluded.delivery)))`;

/** The writer repeats itself, because the answer to its first call was lost. */
const repeat =
  "UPDATE lovage_result SET expires_at = ? WHERE task_id = ? AND state = ? AND attempt IS ? AND delivery IS ? AND document = ?";

/** Stores records and tells what became of each. For use inside a write. */
export function putResults(connection: SqliteConnection, puts: readonly ResultPut[], nowMs: number): PutOutcome[] {
  if (puts.length === 0) return [];
  const change = takeNumbers(connection, puts.length);
  return puts.map((each, index) => putOne(connection, each, { change: change + index, nowMs }));
}

function putOne(
  connection: SqliteConnection,
  { taskId, state, document, fence, expiresInMs }: ResultPut,
  { change, nowMs }: { readonly change: number; readonly nowMs: number },
): PutOutcome {
  const [attempt, delivery] = fence ?? [null, null];
  const expiresAtMs = nowMs + expiresInMs;
  const written = connection.statement(put).run(change, taskId, state, attempt, delivery, expiresAtMs, document, nowMs);
  if (written.changes === 1) return "stored";
  if (!isStickyState(findResult(connection, taskId, nowMs)?.state ?? "")) return "stale";
  const repeated = connection.statement(repeat).run(expiresAtMs, taskId, state, attempt, delivery, document);
  return repeated.changes === 1 ? "stored" : "final";
}
