import { isLovageError, type LovageError } from "@lovage/foundation";
import {
  QueueNotDeclaredError,
  type Connection,
  type NotBefore,
  type OutgoingMessage,
  type PublishFailure,
} from "@lovage/transport";

import { addressOf } from "../destinations.ts";
import { withCopy } from "../mark.ts";
import { readFrame } from "../stored-frame.ts";
import type { KnownTopologies } from "./known-topologies.ts";

/** Which row of the outbox: after a failover that lost the latest rows, their ids are given to other calls. */
export interface RowKey {
  readonly id: number;
  readonly sinceMs: number;
}

/** A message in the outbox, as it was read. */
export interface OutboxRow extends RowKey {
  readonly destination: string;
  /** What is left of its delay, by the server's clock. */
  readonly inMs: number | null;
  readonly atMs: number | null;
  /** As PostgreSQL writes bytes. */
  readonly frame: string;
}

/** A row that the broker does not take. */
interface RefusedRow {
  readonly row: RowKey;
  readonly error: unknown;
}

/** What became of rows that were published. What is in neither list waits still. */
export interface PublishOutcome {
  readonly accepted: readonly RowKey[];
  /** For themselves: to publish them again at once would not help. */
  readonly refused: readonly RefusedRow[];
  /** Why some wait still: the broker is away, or it is not known whether it has them. */
  readonly failure?: Error;
}

/** What publishing works with. */
export interface PublishParts {
  readonly connection: Connection;
  readonly topologies: KnownTopologies;
  /** Of this publication: whoever publishes the same rows again gives them another. */
  readonly copy: string;
  readonly timeoutMs: number;
}

interface ReadRow {
  readonly row: RowKey;
  readonly message: OutgoingMessage;
}

const nothing: PublishOutcome = { accepted: [], refused: [] };

/** Publishes rows in their order. Never rejects. */
export async function publishRows(rows: readonly OutboxRow[], parts: PublishParts): Promise<PublishOutcome> {
  const read: ReadRow[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    try {
      read.push({ row, message: messageOf(row, parts.copy) });
    } catch (error) {
      refused.push({ row, error });
    }
  }
  const outcome = await publish(read, parts);
  return { ...outcome, refused: [...refused, ...outcome.refused] };
}

async function publish(rows: readonly ReadRow[], parts: PublishParts): Promise<PublishOutcome> {
  if (rows.length === 0) return nothing;
  const { connection, topologies, timeoutMs } = parts;
  const messages = rows.map(({ message }) => message);
  try {
    await topologies.declare(messages.map(({ to }) => to));
    await connection.publish(messages, { timeoutMs });
    return { accepted: rows.map(({ row }) => row), refused: [] };
  } catch (error) {
    if (isPublishError(error)) return sorted(rows, error.failures);
    if (mayPass(error)) return { ...nothing, failure: error };
    // A queue that somebody has deleted is made again: a message is never lost for that.
    if (isNotDeclared(error) && topologies.forget(error.queue)) return await publish(rows, parts);
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) return { accepted: [], refused: [{ row: only.row, error }] };
    return await publishEach(rows, parts);
  }
}

/** One of them is the cause, and the others need not wait for it. */
async function publishEach(rows: readonly ReadRow[], parts: PublishParts): Promise<PublishOutcome> {
  const accepted: RowKey[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const outcome = await publish([row], parts);
    accepted.push(...outcome.accepted);
    refused.push(...outcome.refused);
    if (outcome.failure !== undefined) return { accepted, refused, failure: outcome.failure };
  }
  return { accepted, refused };
}

function sorted(rows: readonly ReadRow[], failures: readonly PublishFailure[]): PublishOutcome {
  const errors = new Map(failures.map(({ index, error }) => [index, error]));
  const accepted = rows.flatMap(({ row }, index) => (errors.has(index) ? [] : [row]));
  const refused = rows.flatMap(({ row }, index) => {
    const error = errors.get(index);
    return error === undefined || mayPass(error) ? [] : [{ row, error }];
  });
  const failure = failures.find(({ error }) => mayPass(error))?.error;
  return { accepted, refused, ...(failure === undefined ? {} : { failure }) };
}

/** Nothing is wrong with the message. */
function mayPass(error: unknown): error is LovageError {
  return isLovageError(error) && (error.retryable || error.code === "CLOSED");
}

function isPublishError(error: unknown): error is { readonly failures: readonly PublishFailure[] } {
  return isLovageError(error) && error.code === "PUBLISH_FAILED";
}

function isNotDeclared(error: unknown): error is QueueNotDeclaredError {
  return isLovageError(error) && error.code === "QUEUE_NOT_DECLARED";
}

function messageOf({ destination, inMs, atMs, frame }: OutboxRow, copy: string): OutgoingMessage {
  const to = addressOf(destination);
  const notBefore = notBeforeOf(inMs, atMs);
  return { ...withCopy(readFrame(frame), copy), to, ...(notBefore === undefined ? {} : { notBefore }) };
}

function notBeforeOf(inMs: number | null, atMs: number | null): NotBefore | undefined {
  if (atMs !== null) return { atMs };
  return inMs === null || inMs === 0 ? undefined : { inMs };
}
