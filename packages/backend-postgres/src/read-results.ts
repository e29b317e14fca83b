import { nowMs } from "@lovage/client-postgres";
import type { Fence, ResultRecord } from "@lovage/backend";

import type { Database } from "./database.ts";

const maxIdsPerCall = 1_000;
const find = `SELECT task_id, state, document, attempt, delivery FROM @results WHERE task_id = ANY($1::text[]) AND expires_at > ${nowMs}`;

/** Records of these tasks in their order. */
export async function readResults(
  database: Database,
  taskIds: readonly string[],
): Promise<(ResultRecord | undefined)[]> {
  const found = new Map<string, ResultRecord>();
  for (let at = 0; at < taskIds.length; at += maxIdsPerCall) {
    const rows = await database.query(find, [taskIds.slice(at, at + maxIdsPerCall)]);
    for (const [taskId, state, document, attempt, delivery] of rows) {
      const fence: Fence | null = typeof attempt === "string" ? [Number(attempt), Number(delivery)] : null;
      const record = { taskId: taskId ?? "", state: state ?? "", document: document ?? "", fence };
      found.set(record.taskId, record);
    }
  }
  return taskIds.map((taskId) => found.get(taskId));
}
