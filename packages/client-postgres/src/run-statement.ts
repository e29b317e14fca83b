import { Client, type ClientBase } from "pg";

import { toPostgresError } from "./postgres-error.ts";
import { queryRaw } from "./raw-query.ts";
import type { PostgresRows, PostgresStatement, PostgresValue } from "./statement.ts";

/** What {@link runStatement} runs. */
export interface StatementRun {
  readonly statement: PostgresStatement;
  readonly values: readonly PostgresValue[];
  /** Prepared under its name: not where a pooler may hand the next call to another session. */
  readonly isNamed: boolean;
  /** For messages. */
  readonly where: string;
}

/** Everything stays the text that the server wrote: a bigint is more than a number can hold, and dates are not ours. */
const asText = { getTypeParser: () => (value: string) => value };

/** Runs one statement on one connection. @throws PostgresError (`POSTGRES_FAILED`) */
export async function runStatement(client: ClientBase, run: StatementRun): Promise<PostgresRows> {
  const { statement, values, isNamed, where } = run;
  const { name, text } = statement;
  const call = { ...(isNamed ? { name } : {}), text, values: [...values] };
  try {
    // A user's client may be another: of another copy of `pg`, or its binding of libpq.
    if (client instanceof Client) return await queryRaw(client, call);
    const { rows } = await client.query<(string | null)[]>({ ...call, rowMode: "array", types: asText });
    return rows;
  } catch (error) {
    throw toPostgresError(error, where);
  }
}
