import type { CallerTransaction } from "@lovage/conformance";
import { Client } from "pg";

/** A transaction of a user's, on a connection of its own. */
export async function beginOn(url: string): Promise<CallerTransaction> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("BEGIN");
  const end = (sql: string) => async (): Promise<void> => {
    await client.query(sql);
    await client.end();
  };
  return { transaction: client, commit: end("COMMIT"), rollback: end("ROLLBACK") };
}
