import { OptionError } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";

import type { Database } from "./database.ts";
import { addressOf } from "./destinations.ts";
import { asTransport } from "./errors.ts";
import { readFrame } from "./stored-frame.ts";

/** Counts of an outbox at one moment. */
export interface OutboxStats {
  /** Committed, and not accepted by the broker yet. */
  readonly waiting: number;
  /** Age of the oldest of them, in ms; 0 when there is none. */
  readonly oldestWaitingMs: number;
  /** Refused by the broker, to be tried again. */
  readonly postponed: number;
  /** Refused for good. */
  readonly failed: number;
}

/** A call that the broker would not take. */
export interface FailedCall {
  /** In the outbox. */
  readonly id: number;
  readonly messageId: string;
  readonly to: OutgoingMessage["to"];
  /** When it was tried last, Unix ms by the database's clock. */
  readonly failedAtMs: number;
  readonly attempts: number;
  /** Code and message of the last refusal, secrets masked. */
  readonly error: string;
}

/** Looks at an outbox and mends it. Every method throws `TRANSPORT_UNAVAILABLE` when the database cannot be reached. */
export interface OutboxAdmin {
  stats(): Promise<OutboxStats>;
  /** Calls that have failed for good, the oldest first. `limit`: 1 to 1 000. @default 100 */
  failed(options?: { readonly limit?: number }): Promise<readonly FailedCall[]>;
  /** Sends failed calls again, all or those with these ids. Gives how many. */
  retry(ids?: readonly number[]): Promise<number>;
  /** Removes failed calls, all or those with these ids. Gives how many. */
  drop(ids?: readonly number[]): Promise<number>;
}

/** The outbox of a database. */
export function outboxAdmin({ client, statements }: Database): OutboxAdmin {
  const count = async (statement: typeof statements.retry, ids: readonly number[] | undefined): Promise<number> => {
    const list = ids === undefined ? null : `{${ids.map((id) => wholeId(id)).join(",")}}`;
    const [[changed] = []] = await asTransport(() => client.query(statement, [list]));
    return Number(changed ?? 0);
  };
  return {
    stats: async () => {
      const [row = []] = await asTransport(() => client.query(statements.stats, [], { repeatable: true }));
      const [waiting = 0, oldestWaitingMs = 0, postponed = 0, failed = 0] = row.map(Number);
      return { waiting, oldestWaitingMs, postponed, failed };
    },
    failed: async ({ limit = 100 } = {}) => {
      if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
        throw new OptionError(`limit must be 1 to 1000, got ${String(limit)}.`, { field: "limit" });
      }
      const rows = await asTransport(() => client.query(statements.failed, [limit], { repeatable: true }));
      return rows.map(failedCall);
    },
    retry: (ids) => count(statements.retry, ids),
    drop: (ids) => count(statements.drop, ids),
  };
}

function wholeId(id: number): number {
  if (Number.isSafeInteger(id)) return id;
  throw new OptionError(`ids must be whole numbers, got ${String(id)}.`, { field: "ids" });
}

function failedCall([id, at, attempts, destination, error, frame]: readonly (string | null)[]): FailedCall {
  return {
    id: Number(id),
    messageId: messageIdOf(frame ?? ""),
    to: addressOf(destination ?? '""'),
    failedAtMs: Number(at),
    attempts: Number(attempts),
    error: error ?? "",
  };
}

/** What cannot be read is shown all the same: it is here because it cannot be read. */
function messageIdOf(frame: string): string {
  try {
    return readFrame(frame).properties.messageId;
  } catch {
    return "";
  }
}
