import type { PostgresClient } from "./postgres-client.ts";
import { defineStatement } from "./statement.ts";

const question = defineStatement("SELECT extract(epoch FROM clock_timestamp()) * 1000");

/** The server's time in Unix milliseconds, with a fraction. @throws PostgresError */
export async function serverTimeMs(client: PostgresClient): Promise<number> {
  const [row] = await client.query(question, [], { repeatable: true });
  return Number(row?.[0]);
}
