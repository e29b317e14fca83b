import path from "node:path";
import { postgresTransport } from "@lovage/transport-postgres";
import { Client } from "pg";
import type { Broker } from "./broker.ts";

/** A PostgreSQL server; each test has a schema of its own. */
export const postgres: Broker = {
  name: "postgres",
  suites: ["integration/drivers/postgres", "integration/drivers/outbox", "integration/postgres/"],
  service: "postgres",
  tellsTime: true,
  exemptions: {
    25: "it has no file of ours; a lock that is held is row 22",
    48: "it needs no outbox: calls are written in the caller's transaction",
  },
  place: ({ directory, pace: { leaseMs, sweepMs }, url }) => {
    const backend = `${url}?schema=${encodeURIComponent(schemaOf(directory))}`;
    const broker = `${backend}&lease=${leaseMs}ms&sweep=${sweepMs}ms`;
    return { broker, backend, openTransport: () => postgresTransport({ url: broker }) };
  },
  storeBytes: async ({ url }) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<{ size: string }>("SELECT pg_database_size(current_database()) AS size");
      return Number(rows[0]?.size);
    } finally {
      await client.end();
    }
  },
};

/** The schema of a test's directory. */
export function schemaOf(directory: string): string {
  return path.basename(directory);
}
