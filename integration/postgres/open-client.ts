import { Client } from "pg";
import { onTestFinished } from "vitest";

/** A connection beside what is tested, which ends with the test. */
export async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: "test" });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
