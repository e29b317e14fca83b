import type { ResultPut } from "@lovage/backend";

/** A record as a worker writes it. */
export function resultPut(taskId: string, state: ResultPut["state"] = "SUCCESS"): ResultPut {
  return { taskId, state, document: "{}", fence: [0, 1], expiresInMs: 1_000 };
}
