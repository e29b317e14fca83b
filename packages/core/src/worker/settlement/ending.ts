import type { DeadLetterReason } from "@lovage/transport";
import type { DeadLetterMode } from "../../app/task-options.ts";
import type { TaskOutcome } from "../../canvas/follow-up.ts";
import { decodeResult } from "../../protocol/decode-result.ts";
import { describeError } from "../../protocol/describe-error.ts";
import { revokedException } from "../../protocol/task-exception.ts";
import type { TaskException } from "../../protocol/task-exception.ts";
import type { DeathReason, Outcome } from "../run/outcome.ts";
import type { RecordContent } from "../run/record-content.ts";
import type { RetryTime } from "../run/retry-request.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What an outcome asks for, as data: what to store, what comes after, how to settle. */
export interface Ending {
  /** Absent: the result is there already. */
  readonly record?: RecordContent;
  /** Absent: the task has not ended, it is retried. */
  readonly end?: TaskOutcome;
  readonly retry?: RetryTime;
  /** Dead-letter it; absent: acknowledge it. */
  readonly death?: DeadLetterReason;
}

/** The ending of a run. @throws PAYLOAD_DECODE for a stored result that cannot be read */
export function endingOf(run: TaskRun, outcome: Exclude<Outcome, { kind: "postponed" | "dropped" }>): Ending {
  switch (outcome.kind) {
    case "success":
      return { record: { state: "SUCCESS", value: outcome.value }, end: { state: "SUCCESS", value: outcome.value } };
    case "repeated":
      return { end: { state: "SUCCESS", value: decodeResult(outcome.document, { tags: "tags" }).value } };
    case "duplicate":
      return {};
    case "retry":
      return { record: { state: "RETRY", exception: describeError(outcome.error) }, retry: outcome.time };
    case "revoked":
      return endWith("REVOKED", revokedException(outcome.reason));
    case "failure":
      return failed(run, outcome.reason, describeError(outcome.error));
    default:
      return outcome satisfies never;
  }
}

function failed(run: TaskRun, reason: DeathReason, exception: TaskException): Ending {
  const ending = endWith("FAILURE", exception);
  return isDead(run, reason) ? { ...ending, death: deathOf(run, reason, exception) } : ending;
}

function endWith(state: "FAILURE" | "REVOKED", exception: TaskException): Ending {
  return { record: { state, exception }, end: { state, exception } };
}

/** A message whose task is not known falls under the default. */
function isDead(run: TaskRun, reason: DeathReason): boolean {
  const mode: DeadLetterMode = run.definition?.options.deadLetter ?? "failed";
  return mode === "failed" || (mode === "bad" && reason !== "failed");
}

function deathOf({ call }: TaskRun, reason: DeathReason, { type, message }: TaskException): DeadLetterReason {
  const attempts = call.retries === 0 ? "" : ` (after ${call.retries + 1} attempts)`;
  return { reason, detail: `${type}: ${message}${attempts}` };
}
