import { isPostgresError, PostgresError } from "@lovage/client-postgres";
import { translateErrors } from "@lovage/foundation";
import type { Lease, TransactionWork } from "@lovage/lease-engine";

import type { Database } from "./database.ts";
import { asPublish } from "./errors.ts";
import { settleDeliveries } from "./settle.ts";

/** What a transaction is told. */
export interface TransactRequest {
  readonly queue: string;
  /** For the records of dead letters. */
  readonly nowMs: number;
  readonly wakes: (queues: Iterable<string>) => readonly string[];
}

/** Rolls a transaction back; recognised by what it is, nobody else sees it. */
class LeaseNotHeld extends Error {
  readonly lease: Lease;

  constructor(lease: Lease) {
    super("The lease is not held any more.");
    this.lease = lease;
  }
}

/** Runs work of the user's and the settlement that it asks for in one transaction; the fence is looked at last, so that nothing of a lost delivery is committed. */
export async function transactDelivery<T>(
  { client, statements }: Database,
  { queue, nowMs, wakes }: TransactRequest,
  work: TransactionWork<T>,
): Promise<{ readonly value: T } | "lost"> {
  try {
    return await asPublish(() =>
      client().transactOnce(async (session, transaction) => {
        const { value, settlement } = await work(transaction);
        const request = { queue, settlements: [settlement], nowMs, wakes };
        const lost = await translateErrors(() => settleDeliveries(session, statements, request), explainConflict);
        if (lost.length > 0) throw new LeaseNotHeld(settlement.lease);
        return { value };
      }),
    );
  } catch (error) {
    if (error instanceof LeaseNotHeld) return "lost";
    throw error;
  }
}

/** A settlement meets no such conflict in a transaction that sees what was committed meanwhile. */
function explainConflict(error: unknown): unknown {
  if (!isPostgresError(error) || error.sqlState !== "40001") return error;
  const text = `${error.message} To a transaction that is REPEATABLE READ or SERIALIZABLE each renewal of the lease is such a session: let task.transaction be READ COMMITTED.`;
  return new PostgresError(text, { kind: error.kind, sqlState: error.sqlState, cause: error });
}
