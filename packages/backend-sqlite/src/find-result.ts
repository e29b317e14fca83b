import type { ResultRecord } from "@lovage/backend";
import type { SqliteConnection } from "@lovage/client-sqlite";

const find = "SELECT state, document, attempt, delivery FROM lovage_result WHERE task_id = ? AND expires_at > ?";

/** The record of a task, if it is there and has not expired. For use inside a read. */
export function findResult(connection: SqliteConnection, taskId: string, nowMs: number): ResultRecord | undefined {
  const row = connection.statement(find).get(taskId, nowMs);
  if (row === undefined) return undefined;
  const { attempt, delivery } = row;
  return {
    taskId,
    state: String(row["state"]),
    document: String(row["document"]),
    fence: attempt === null ? null : [Number(attempt), Number(delivery)],
  };
}
