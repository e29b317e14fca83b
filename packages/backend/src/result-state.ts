/** States that Celery's clients know (wire format, 7.1). Tasks may store states of their own beside them. */
export type ResultState =
  | "PENDING"
  | "RECEIVED"
  | "STARTED"
  | "RETRY"
  | "SUCCESS"
  | "FAILURE"
  | "REVOKED"
  | (string & {});

/** Whether a reader may stop waiting: SUCCESS, FAILURE and REVOKED only. */
export function isFinalState(state: ResultState): boolean {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED";
}

/** Whether no later record may replace it: SUCCESS and REVOKED. A FAILURE may be replaced by a newer delivery (a replayed dead letter). */
export function isStickyState(state: ResultState): boolean {
  return state === "SUCCESS" || state === "REVOKED";
}
