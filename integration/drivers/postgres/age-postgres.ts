import { quoteIdentifier } from "@lovage/client-postgres";
import { Client } from "pg";

const instants = [
  ["results", "expires_at"],
  ["joins", "expires_at"],
  ["holds", "ends_at"],
  ["waiters", "ends_at"],
  ["buckets", "booked_until"],
  ["keys", "expires_at"],
  ["schedule_runs", "expires_at"],
] as const;

/** Lets time pass for the records of the backend in one schema, without waiting: moves every instant back. */
export async function agePostgres(url: string, schema: string, ms: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const updates = instants.map(([table, column]) => {
      const name = `${quoteIdentifier(schema)}.${table}`;
      return `UPDATE ${name} SET ${column} = ${column} - ${Math.ceil(ms)}`;
    });
    await client.query(updates.join(";"));
  } finally {
    await client.end();
  }
}
