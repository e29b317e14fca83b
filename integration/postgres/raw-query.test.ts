import { defineStatement, runStatement, type PostgresRows } from "@lovage/client-postgres";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";

const where = "the server of this test";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("rows are lists of texts as the server writes them, whatever their types, under a name and without one", async () => {
    const run = await connect();
    const text =
      "SELECT 9007199254740993::bigint, $1::bytea, NULL, $2::text[], now() IS NULL FROM generate_series(1, 2)";
    const row = ["9007199254740993", "\\x00ff", null, '{"a,b",NULL,"\\"c\\\\"}', "f"];
    for (const isNamed of [true, true, false]) {
      expect(await run(text, [Buffer.from([0, 255]), ["a,b", null, '"c\\']], isNamed)).toEqual([row, row]);
    }
  });

  test("a statement that fails, when it is read or when it runs, leaves the connection to those after it", async () => {
    const run = await connect();
    for (const isNamed of [true, false]) {
      await expect(run("SELECT nothing", [], isNamed)).rejects.toMatchObject({ sqlState: "42703" });
      await expect(run("SELECT 1 / $1::int", [0], isNamed)).rejects.toMatchObject({ sqlState: "22012" });
      expect(await run("SELECT 1 / $1::int", [1], isNamed)).toEqual([["1"]]);
    }
    expect(await run("SELECT 1 WHERE false", [], true)).toEqual([]);
  });

  test("rows before a failure are not given", async () => {
    const run = await connect();
    await expect(run("SELECT 1 / (3 - n) FROM generate_series(1, $1::int) n", [3], true)).rejects.toMatchObject({
      sqlState: "22012",
    });
  });

  test("the end of the connection, and a client that has ended, are told", async () => {
    const client = new Client(server().url);
    client.on("error", () => {});
    const run = await connect(client);
    const waiting = run("SELECT pg_sleep(60)", [], true);
    client.connection.stream.destroy();
    await expect(waiting).rejects.toMatchObject({ code: "POSTGRES_FAILED", kind: "broken" });
    await expect(run("SELECT 1", [], true)).rejects.toMatchObject({ code: "POSTGRES_FAILED" });
  });

  test("a client with a time limit of its own keeps it", async () => {
    const client = new Client({ connectionString: server().url, query_timeout: 50 });
    const run = await connect(client);
    await expect(run("SELECT pg_sleep(1)", [], true)).rejects.toThrow(/timeout/);
  });

  type Run = (
    text: string,
    values: Parameters<typeof runStatement>[1]["values"],
    isNamed: boolean,
  ) => Promise<PostgresRows>;

  async function connect(client = new Client(server().url)): Promise<Run> {
    await client.connect();
    onTestFinished(() => client.end());
    return (text, values, isNamed) =>
      runStatement(client, { statement: defineStatement(text), values, isNamed, where });
  }
});
