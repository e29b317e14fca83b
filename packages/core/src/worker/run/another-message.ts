import type { ResultRecord } from "@lovage/backend";
import type { TaskRun } from "./task-run.ts";

/**
 * Whether what is stored, and newer than a run whose message is still its own, is of another message of the same id, which was used before or published twice: it is of a later attempt,
 * or of one that has ended, which no other delivery of this message can have done.
 */
export function isOfAnother(record: ResultRecord | undefined, { call }: TaskRun): boolean {
  const [attempt] = record?.fence ?? [-1];
  return attempt > call.retries || record?.state === "FAILURE";
}
