import { Query, type Client } from "pg";

import type { PostgresRows } from "./statement.ts";

/** What {@link queryRaw} sends. */
export interface RawStatement {
  /** To be prepared under; the server plans it once per connection. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

type Answer = (error: Error | null | undefined, rows?: PostgresRows) => void;

/**
 * A statement whose rows stay the lists of texts that they arrive as. `pg` else makes fields with parsers for each call, runs one of these for each column of each row, and reads a
 * summary of the command that nobody asks for. The methods are those that a client of `pg` calls.
 */
class RawQuery extends Query {
  /** Set by the base. A client with a `query_timeout` puts its own around it. */
  declare callback: Answer;
  readonly #rows: (string | null)[][] = [];

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: (string | null)[] }): void {
    this.#rows.push(fields);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback(null, this.#rows);
  }
}

/** Runs a statement on a client of `pg` that is written in JavaScript. Rejects with what `pg` gives. */
export function queryRaw(client: Client, statement: RawStatement): Promise<PostgresRows> {
  return new Promise((resolve, reject) => {
    const answer: Answer = (error, rows = []) => (error ? reject(error) : resolve(rows));
    client.query(new RawQuery(statement, answer));
  });
}
