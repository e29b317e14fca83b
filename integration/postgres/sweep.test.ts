import { postgresBackend } from "@lovage/backend-postgres";
import { expect, onTestFinished, test } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  async function setUp(): Promise<{
    backend: Awaited<ReturnType<typeof postgresBackend>>;
    counts: () => Promise<unknown>;
    url: string;
  }> {
    const { url } = server();
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const counts = (): Promise<unknown> =>
      askServer(url, async (client) => {
        const text = `SELECT (SELECT count(*)::int FROM lovage.joins) AS joins, (SELECT count(*)::int FROM lovage.join_members) AS members, (SELECT count(*)::int FROM lovage.keys) AS keys`;
        return (await client.query<Record<string, number>>(text)).rows[0];
      });
    await askServer(url, async (client) => {
      await client.query("TRUNCATE lovage.joins, lovage.join_members, lovage.keys");
      await client.query(
        "INSERT INTO lovage.joins (join_id, size, expires_in, expires_at) VALUES ('large', 2000, 1, 1), ('empty', 1, 1, 0), ('kept', 1, 1, 1e15)",
      );
      await client.query(
        "INSERT INTO lovage.join_members SELECT 'large', n::text, n, '' FROM generate_series(1, 1700) n",
      );
      await client.query("INSERT INTO lovage.join_members VALUES ('kept', 'a', 0, '')");
      await client.query("INSERT INTO lovage.keys VALUES ('old', '', 0)");
    });
    return { backend, counts, url };
  }

  test("a join that has expired loses its members some at a time, and goes with the last of them", async () => {
    const { backend, counts } = await setUp();
    expect(await counts()).toEqual({ joins: 3, members: 1_701, keys: 1 });
    expect(await backend.sweep()).toBe(502);
    expect(await counts()).toEqual({ joins: 2, members: 1_201, keys: 0 });
    expect([await backend.sweep(), await backend.sweep(), await backend.sweep()]).toEqual([500, 500, 201]);
    expect(await counts()).toEqual({ joins: 1, members: 1, keys: 0 });
    expect(await backend.sweep()).toBe(0);
  });

  test("everything that ends by itself is removed, some of it at a time", async () => {
    const { backend, url } = await setUp();
    await backend.sweep();
    const rows: readonly (readonly [table: string, row: (endsAt: string) => string])[] = [
      ["results", (endsAt) => `n::text, 'SUCCESS', NULL, NULL, ${endsAt}, NULL, '{}'`],
      ["holds", (endsAt) => `n::text, 'h', n, ${endsAt}`],
      ["waiters", (endsAt) => `n::text, 'h', n, ${endsAt}`],
      ["buckets", (endsAt) => `n::text, ${endsAt}`],
      ["keys", (endsAt) => `n::text, 'o', ${endsAt}`],
      ["schedule_runs", (endsAt) => `'s', n, ${endsAt}`],
    ];
    for (const [table, row] of rows) {
      const sql = `INSERT INTO lovage.${table} SELECT ${row("CASE WHEN n <= 600 THEN 0 ELSE 1e15 END")} FROM generate_series(1, 602) n`;
      await askServer(url, (client) => client.query(`TRUNCATE lovage.${table}`).then(() => client.query(sql)));
    }
    const left = (): Promise<readonly number[]> =>
      askServer(url, async (client) => {
        const counts = rows.map(([table]) => `(SELECT count(*)::int FROM lovage.${table})`);
        return (await client.query<{ all: number[] }>(`SELECT ARRAY[${counts.join(", ")}] AS all`)).rows[0]?.all ?? [];
      });
    await backend.sweep();
    expect(await left()).toEqual(rows.map(() => 102));
    while ((await backend.sweep()) > 0);
    expect(await left()).toEqual(rows.map(() => 2));
  });

  test("a join whose member is on its way keeps what it has", async () => {
    const { backend, counts, url } = await setUp();
    const arriving = await openClient(url);
    await arriving.query("BEGIN");
    await arriving.query("SELECT FROM lovage.joins WHERE join_id = 'large' FOR UPDATE");
    await backend.sweep();
    expect(await counts()).toEqual({ joins: 2, members: 1_701, keys: 0 });
    await arriving.query("ROLLBACK");
  });
});
