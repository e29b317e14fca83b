import type { ResultRecord } from "@lovage/backend";
import type { TaskRun } from "./task-run.ts";

/** Whether what is stored is of a later attempt than a run's: of another message of the same id, which was used before or published twice. */
export function isOfLaterAttempt(record: ResultRecord | undefined, { call }: TaskRun): boolean {
  const [attempt] = record?.fence ?? [-1];
  return attempt > call.retries;
}
