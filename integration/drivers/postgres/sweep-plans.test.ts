import { postgresBackend } from "@lovage/backend-postgres";
import { encodeFrame } from "@lovage/lease-engine";
import { Client, Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { explain, nodesOf, type ExplainedPlan, type PlanNode } from "./explained-plans.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const schema = "sweeps";
const rows = 20_000;
/** So many of each table have had their time. */
const expired = 10;
const tables: readonly (readonly [name: string, row: string])[] = [
  ["results", "n::text, 'SUCCESS', NULL, NULL, ends_at, NULL, '{}'"],
  ["holds", "n::text, 'h', n, ends_at"],
  ["waiters", "n::text, 'h', n, ends_at"],
  ["buckets", "n::text, ends_at"],
  ["keys", "n::text, 'o', ends_at"],
  ["schedule_runs", "'s', n, ends_at"],
  ["joins", "n::text, 2, 1, NULL, 60000, ends_at"],
];

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("what removes what has had its time, and what makes due what is, reads nothing that is kept", async () => {
    const { url } = server();
    const plans: ExplainedPlan[] = [];
    const pool = new Pool({ connectionString: url, max: 6 });
    onTestFinished(() => pool.end());
    pool.on("connect", (client) => void explain(client, (plan) => plans.push(plan)));
    const backend = await postgresBackend({ url, schema, pool });
    onTestFinished(() => backend.close());
    const store = await openedStore({ url, schema, pool });
    await fill(url);
    plans.length = 0;
    expect(await backend.sweep()).toBe(expired * tables.length);
    expect((await store.admin.browse("q", { limit: expired })).messages).toHaveLength(expired);
    await store.broadcast?.publish("c", message("large", { body: Buffer.alloc(6_000) }));
    const seen = plans.filter(({ "Query Text": text }) => text.includes("id = ANY"));
    // Members of joins, what is due and broadcasts have one each.
    expect(seen).toHaveLength(tables.length + 3);
    const dear = seen.flatMap(({ Plan: plan }) => nodesOf(plan)).filter((node) => isDear(node));
    expect(dear).toEqual([]);
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: expired, delayed: rows - expired });
  });
});

function isDear(node: PlanNode): boolean {
  const rowsOf = (node["Actual Rows"] ?? 0) * (node["Actual Loops"] ?? 1);
  return rowsOf > 10 * expired || (node["Rows Removed by Filter"] ?? 0) > 10 * expired;
}

/** Rows whose time comes in the far future, and a few whose time has passed. */
async function fill(url: string): Promise<void> {
  const source = `(SELECT n, CASE WHEN n <= ${expired} THEN 0 ELSE 1e15 END::bigint AS ends_at FROM generate_series(1, ${rows}) n) s`;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const [name, row] of tables) await client.query(`INSERT INTO ${schema}.${name} SELECT ${row} FROM ${source}`);
    await client.query(
      `INSERT INTO ${schema}.join_members SELECT n::text, 'm', 0, '' FROM ${source} WHERE n > ${expired}`,
    );
    await client.query(
      `INSERT INTO ${schema}.messages (queue, state, urgency, key, place, at, frame)
         SELECT q.id, 1, 9, '', ends_at, ends_at, $1 FROM ${source}, ${schema}.queues q WHERE q.name = 'q'`,
      [Buffer.from(encodeFrame(message("m")))],
    );
    await client.query(
      `INSERT INTO ${schema}.broadcasts (at, frame)
         SELECT CASE WHEN n <= ${expired} THEN 'epoch' ELSE clock_timestamp() END, '\\x00' FROM ${source}`,
    );
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
}
