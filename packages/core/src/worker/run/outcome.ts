import type { RecordContent } from "./record-content.ts";
import type { Marks } from "./task-marks.ts";
import type { RetryTime } from "./retry-request.ts";

/** Why a message becomes a dead letter (`DeadLetterReason.reason`). */
export type DeathReason = "failed" | "undecodable" | "invalid" | "unknown-task" | "poison";

/**
 * How one delivery of a task ends.
 *
 * | kind | result | message |
 * |---|---|---|
 * | `success` | SUCCESS | ack, with what follows |
 * | `retry` | RETRY | ack, with itself again |
 * | `failure` | FAILURE | dead letter or ack (`deadLetter`), with errbacks |
 * | `revoked` | REVOKED | ack |
 * | `repeated` | is there already | ack, with what follows that result |
 * | `duplicate` | another copy's | ack |
 * | `postponed` | none | given back, or handed over as a marked copy where that loses no place |
 * | `dropped` | none | none: another delivery speaks, or will |
 */
export type Outcome =
  | { readonly kind: "success"; readonly value: unknown; readonly settled?: SettledAlready }
  | { readonly kind: "retry"; readonly error: unknown; readonly time: RetryTime }
  | { readonly kind: "failure"; readonly error: unknown; readonly reason: DeathReason }
  | { readonly kind: "revoked"; readonly reason: RevokedReason }
  | { readonly kind: "repeated"; readonly document: string }
  | { readonly kind: "duplicate" }
  | Postponed
  | { readonly kind: "dropped"; readonly why: string };

/** Not to be run now. */
interface Postponed {
  readonly kind: "postponed";
  readonly delayMs: number;
  /** Goes along as a header of a copy, or is kept beside the message. */
  readonly mark?: Marks;
  /** The broker's same copy runs elsewhere. */
  readonly isDouble?: boolean;
  /** Its function was begun, and this has kept it from its end. */
  readonly error?: unknown;
}

/** The delivery was acknowledged, in a transaction of the task's own; a record that is left is stored elsewhere. */
interface SettledAlready {
  readonly record?: RecordContent;
}

/** Why a task was not run, or not to its end; Celery's words. */
type RevokedReason = "revoked" | "expired" | "terminated";
