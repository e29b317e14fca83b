import { PostgresError, type PostgresClient, type PostgresSession } from "@lovage/client-postgres";
import { expect, test } from "vitest";

import type { Database } from "./database.ts";
import { asTransport } from "./errors.ts";
import { queueStats } from "./stats.ts";
import { transportStatements } from "./statements.ts";

/** A database whose server answers by this; and what it was asked in transactions. */
function databaseOf(answer: (text: string) => readonly (readonly string[])[]) {
  const asked: string[] = [];
  const session: PostgresSession = {
    query: async ({ text }) => {
      asked.push(text);
      return answer(text);
    },
  };
  const transaction = async <T>(work: (inner: PostgresSession) => Promise<T>): Promise<T> => await work(session);
  const client = { query: async () => [["2"]], transaction } as unknown as PostgresClient;
  const database = { statements: transportStatements("s"), client: () => client } as Database;
  return { database, asked };
}

test("the server itself ends a count, also where no session has a limit of ours", async () => {
  const { database, asked } = databaseOf((text) => (text.includes("r.count") ? [["1", "1", "1", "1", "1"]] : [["7"]]));
  expect(await queueStats(database, { id: 1, name: "q" })).toMatchObject({ ready: 3, dead: 7 });
  expect(asked[0]).toMatch(/set_config\('statement_timeout', '10000', true\)/);
  expect(asked).toHaveLength(3);
});

test("a count that takes too long is asked once, and its failure says what to do and that the connection is sound", async () => {
  const { database, asked } = databaseOf((text) => {
    if (text.includes("set_config")) return [];
    throw new PostgresError("canceling statement due to statement timeout", { kind: "timeout", sqlState: "57014" });
  });
  await expect(asTransport(() => queueStats(database, { id: 1, name: "q" }))).rejects.toMatchObject({
    code: "TRANSPORT_BUSY",
    message: expect.stringMatching(/Counting .* "q" .* 10 s: each is counted\. Ask less often/) as string,
  });
  expect(asked).toHaveLength(2);
});
