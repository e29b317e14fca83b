import type { ClientBase } from "pg";

import { isPostgresError, sqlStateOf, type PostgresError } from "./postgres-error.ts";
import { runStatement } from "./run-statement.ts";
import { elsewhereState } from "./schema-place.ts";
import type { PostgresStatement, PostgresValue } from "./statement.ts";

/** Runs a statement in the caller's transaction. @throws PostgresError (`POSTGRES_FAILED`); the server's own error for a conflict; what the caller's library throws */
export type RunInTransaction = (statement: PostgresStatement, values: readonly PostgresValue[]) => Promise<unknown>;

/**
 * A transaction of another library, as {@link callerTransaction} takes it beside clients of `pg`: something that runs a text with `$1`, `$2` … in
 * the open transaction. `values` are texts, numbers, flags, `null`, lists of texts, and Buffers.
 */
export interface PostgresTransaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const failedTransaction = "25P02";
const hasFailed = "the transaction of the client given as `transaction` has failed already: roll it back";
const isElsewhere =
  "the transaction given as `transaction` is not on the database of these tables; it has failed by that: roll it back";
/** No such function, no such schema: ours are there, since their version was looked at. */
const statesElsewhere: ReadonlySet<string | undefined> = new Set([elsewhereState, "42883", "3F000"]);

/** What is said of a caller's transaction. */
export interface CallerTransactionOptions {
  /** The server and the database, for messages. */
  readonly where: string;
  /** The error of the contract for a value that is no transaction. */
  readonly refuse: (reason: string) => Error;
}

/**
 * Narrows what a caller gave as `transaction`: a client of `pg` on which BEGIN was run, or a {@link PostgresTransaction}.
 * @throws what `refuse` makes, for anything else. Nothing was written.
 */
export function callerTransaction(transaction: unknown, { where, refuse }: CallerTransactionOptions): RunInTransaction {
  if (!isTransaction(transaction)) {
    throw refuse("`transaction` must be a client of pg in an open transaction, or an object with query(text, values)");
  }
  if ("totalCount" in transaction)
    throw refuse("`transaction` is a pool, which has no transaction: give the client that ran BEGIN");
  if (!isClient(transaction)) {
    return async (statement, values) => {
      try {
        return await transaction.query(statement.text, [...values]);
      } catch (error) {
        throw statesElsewhere.has(stateOf(error)) ? refuse(isElsewhere) : error;
      }
    };
  }
  const status = transaction.getTransactionStatus();
  if (status === "I") throw refuse("the client given as `transaction` has no open transaction: run BEGIN first");
  if (status === "E") throw refuse(hasFailed);
  return async (statement, values) => {
    try {
      return await runStatement(transaction, { statement, values, isNamed: false, where });
    } catch (error) {
      const state = stateOf(error);
      // The client learns of a failure a moment after its caller: its status may be old.
      if (state === failedTransaction) throw refuse(hasFailed);
      if (statesElsewhere.has(state)) throw refuse(isElsewhere);
      throw isConflict(error) ? error.cause : error;
    }
  };
}

/** Nothing but the whole transaction can be tried again, by whoever runs it: loops that do so know the server's own error, by its `code`. */
function isConflict(error: unknown): error is PostgresError {
  return isPostgresError(error) && error.kind === "conflict";
}

/** Of what a library throws, some of which put the error of `pg` into their own. */
function stateOf(error: unknown): string | undefined {
  return sqlStateOf(error) ?? (error instanceof Error ? sqlStateOf(error.cause) : undefined);
}

function isTransaction(value: unknown): value is PostgresTransaction {
  return typeof value === "object" && value !== null && "query" in value && typeof value.query === "function";
}

/** Clients of `pg` tell the state of their transaction since 8.16. */
function isClient(value: object): value is ClientBase {
  return "getTransactionStatus" in value && typeof value.getTransactionStatus === "function";
}
