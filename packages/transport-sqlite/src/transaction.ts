import type { DatabaseSync, StatementSync } from "node:sqlite";

import { TransactionUnsupportedError } from "@lovage/transport";

import type { Statements } from "./statements.ts";

/** A transaction of the caller's, in a shape that `node:sqlite`'s `DatabaseSync` has. */
type Handle = Pick<DatabaseSync, "prepare" | "exec" | "isTransaction">;

/** The caller's own transaction, as our operations use it. */
export interface CallerTransaction extends Statements {
  /** Whether the caller has not committed or rolled back yet. */
  isOpen(): boolean;
}

/**
 * Narrows what a caller gave as `transaction`.
 * @param path The queue's file, as SQLite itself names it.
 * @throws TransactionUnsupportedError (`TRANSACTION_UNSUPPORTED`) for anything but an open transaction on that file. Nothing was written.
 */
export function callerTransaction(transaction: unknown, path: string): CallerTransaction {
  if (!isHandle(transaction)) {
    fail("`transaction` must be a DatabaseSync of node:sqlite (an object with prepare, exec and isTransaction)");
  }
  if (!transaction.isTransaction) fail("the database given as `transaction` has no open transaction: run BEGIN first");
  const file = mainFile((sql) => prepareOn(transaction, sql));
  if (file !== path) fail(`the transaction is on the file ${file || "(none)"}, and the queue is in ${path}`);
  const statements = new Map<string, StatementSync>();
  return {
    statement(sql: string): StatementSync {
      const statement = statements.get(sql) ?? prepareOn(transaction, sql);
      statements.set(sql, statement);
      return statement;
    },
    isOpen: () => isStillOpen(transaction),
  };
}

/** The main database's file, as SQLite names it: absolute, links resolved. */
export function mainFile(prepare: (sql: string) => Pick<StatementSync, "get">): string {
  return String(prepare("SELECT file FROM pragma_database_list WHERE name = 'main'").get()?.["file"] ?? "");
}

/** Reads as our own connections do, however the caller's does by default. */
function prepareOn(handle: Handle, sql: string): StatementSync {
  const statement = handle.prepare(sql);
  statement.setReadBigInts(false);
  statement.setReturnArrays(false);
  return statement;
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== "object" || value === null) return false;
  return (
    typeof Reflect.get(value, "prepare") === "function" &&
    typeof Reflect.get(value, "exec") === "function" &&
    typeof Reflect.get(value, "isTransaction") === "boolean"
  );
}

function isStillOpen(handle: Handle): boolean {
  try {
    return handle.isTransaction;
  } catch {
    // The caller has closed the database: the transaction is over with it.
    return false;
  }
}

function fail(reason: string): never {
  throw new TransactionUnsupportedError(`Nothing was published: ${reason}.`);
}
