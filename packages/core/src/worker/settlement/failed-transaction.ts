import { backOff, hasCode } from "@lovage/foundation";
import type { TaskTransactionError } from "../run/errors.ts";
import type { Outcome } from "../run/outcome.ts";
import { failedTransactionsMark, readMark, redeliveredMark, startedMark } from "../run/task-marks.ts";
import type { TaskRun } from "../run/task-run.ts";

/** Before a task whose transaction failed is tried again. */
const pauses = { baseMs: 1_000, maxMs: 60_000, jitter: "equal" } as const;
/** So many in a row, within five minutes or so; what fails then is no outage of the database's. */
const mostInARow = 10;

/** Gives back a task whose transaction was not committed; `undefined` when that has been done often enough: then it is a failed attempt. */
export function afterFailedTransaction(run: TaskRun, error: TaskTransactionError, nowMs: number): Outcome | undefined {
  // It was begun in time, and does not expire any more.
  const begun = run.call.expiresAtMs === undefined ? undefined : { [startedMark]: nowMs };
  // Another delivery has a record: whoever is given it next is to know it as a redelivery, and to ask.
  if (hasCode(error.cause, "TASK_TRANSACTION")) {
    const mark = begun && { ...begun, [redeliveredMark]: 1 };
    return { kind: "postponed", delayMs: pauses.baseMs, error, ...(mark && { mark }) };
  }
  const failures = failuresOf(run);
  // What may be done must not fail: that it comes once more tells that it is not, and it is given up then.
  if (failures >= mostInARow && !hasCode(error.cause, "PUBLISH_UNCERTAIN")) return undefined;
  const mark = { [failedTransactionsMark]: failures + 1, [redeliveredMark]: 1, ...begun };
  return { kind: "postponed", delayMs: backOff(pauses, failures), mark, error };
}

/** Whether no commit of a task has had an answer, as often in a row as it is tried; none of them was made, or it would not be here. */
export function isTransactionGivenUp(run: TaskRun): boolean {
  return failuresOf(run) > mostInARow;
}

function failuresOf({ delivery }: TaskRun): number {
  return Math.max(0, readMark(delivery.message, failedTransactionsMark) ?? 0);
}
