import { Client } from "pg";

/** Does something on a connection of the test's own, which the faults leave alone. */
export async function askServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: "test" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
