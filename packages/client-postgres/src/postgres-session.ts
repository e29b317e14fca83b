import type { PostgresRows, PostgresStatement, PostgresValue } from "./statement.ts";

/** How a statement is run. */
export interface QueryOptions {
  /** It may be carried out twice, so that it is repeated also when the connection broke. @default false */
  readonly repeatable?: boolean;
  /** After so long without an answer the connection is given up, in ms. @default 15_000 */
  readonly patienceMs?: number;
}

/** Runs statements: each alone, or all in one transaction. */
export interface PostgresSession {
  /** @throws PostgresError (`POSTGRES_FAILED`) */
  query(statement: PostgresStatement, values?: readonly PostgresValue[], options?: QueryOptions): Promise<PostgresRows>;
}
