import { quoteIdentifier } from "@lovage/client-postgres";
import type { Settlement } from "@lovage/lease-engine";
import { Client } from "pg";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { dropSchema } from "./drop-schema.ts";
import { explain, nodesOf, type ExplainedPlan, type PlanNode } from "./explained-plans.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const schema = "plans";
const rows = 1_000_000;
describeOwnServer("postgres", (start) => {
  const server = postgresServer(start, { settings: ["-c", "shared_buffers=256MB"] });

  beforeAll(async () => {
    const client = new Client({ connectionString: server().url });
    await client.connect();
    try {
      await client.query("ALTER SYSTEM SET autovacuum = off");
      await client.query("SELECT pg_reload_conf()");
    } finally {
      await client.end();
    }
  });

  // The server takes a table that was never vacuumed for ten pages, and one that was vacuumed while it was empty for no page at all.
  test.each([
    { table: "a new table", prepare: "" },
    { table: "a table that was vacuumed while it was empty", prepare: "VACUUM @messages" },
  ])(
    "no operation reads more than it takes, with a million rows of every state and plans made for $table",
    async ({ prepare }) => {
      const { url } = server();
      await dropSchema(url, schema);
      const store = await openedStore({ url, schema });
      const client = new Client({ connectionString: url });
      onTestFinished(() => client.end());
      await client.connect();
      // A worker's session has planned everything while there was nothing, and keeps these plans.
      await client.query("SET plan_cache_mode = force_generic_plan");
      for (const text of calls) await client.query(inSchema(text));
      await client.query(inSchema("TRUNCATE @messages RESTART IDENTITY"));
      await client.query(inSchema(prepare));
      for (const text of calls) await client.query(inSchema(text));
      await fill(url);
      const plans: ExplainedPlan[] = [];
      await explain(client, (plan) => plans.push(plan));
      for (const text of calls) {
        plans.length = 0;
        await client.query(inSchema(text));
        expect(plans.length).toBeGreaterThan(1);
        const dear = plans.flatMap(({ Plan: plan }) => nodesOf(plan)).filter((node) => isDear(node));
        expect([text, dear]).toEqual([text, []]);
      }
      expect((await store.admin.browse("q", { limit: 10 })).messages).toHaveLength(10);
    },
    180_000,
  );

  test("settling and extending what was just claimed finds each message by its id", async () => {
    const store = await openedStore({ url: server().url });
    await store.publish(Array.from({ length: 500 }, (_, index) => message(`m${index}`)));
    const { messages } = await store.claim({ queue: "q", max: 500, leaseMs: 30_000, suspects: false });
    expect(messages.map(({ message: { properties } }) => properties.messageId)).toEqual(
      Array.from({ length: 500 }, (_, index) => `m${index}`),
    );
    const leases = messages.map(({ lease }) => lease);
    expect(await store.extend("q", leases, 60_000)).toBeNull();
    const acks = leases.map((lease): Settlement => ({ kind: "ack", lease }));
    expect(await store.settle("q", acks)).toBeNull();
    expect((await store.settle("q", acks))?.length).toBe(500);
  });
});

const calls = [
  "SELECT @publish_1(ARRAY['q'], ARRAY[1], ARRAY[1], ARRAY[1], '\\x00', NULL, NULL, NULL, NULL, ARRAY['q'])",
  "SELECT @publish_plain_3('q', ARRAY[1, 2], ARRAY[1, 1], '\\x0000', true)",
  "SELECT @publish_one_2('q', '\\x00', NULL, NULL, NULL, NULL, true)",
  "SELECT @enqueue_6(ARRAY['q'], ARRAY[1], ARRAY[1], ARRAY[1], '\\x00', NULL, NULL, NULL, NULL, ARRAY['q'])",
  "SELECT @enqueue_one_6('q', '\\x00', 3, 'k', 5, NULL, true)",
  "SELECT * FROM @peek_1('q')",
  "SELECT @suspects_wait_6('q')",
  "SELECT * FROM @claim_7('q', 100, 30000, false, NULL)",
  "SELECT * FROM @claim_7('q', 100, 30000, false, 'k40')",
  "SELECT * FROM @claim_7('q', 1, 30000, false, '')",
  "SELECT * FROM @claim_7('q', 10, 30000, true, NULL)",
  "SELECT * FROM @claim_7('q.dead', 100, 30000, false, NULL)",
  "SELECT * FROM @sweep_1('q', 'q.dead', 2, 1000)",
  "SELECT * FROM @extend_7(ARRAY[60, 62, 63, 64]::bigint[], ARRAY[0, 0, 0, 7]::bigint[], 30000)",
  "SELECT * FROM @settle_7(ARRAY[90, 91]::bigint[], ARRAY[0, 0]::bigint[], ARRAY[0, 1], ARRAY[0, 0]::bigint[], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
  "SELECT * FROM @settle_7(ARRAY[80, 82]::bigint[], ARRAY[0, 0]::bigint[], ARRAY[0, 1], ARRAY[0, 0]::bigint[], ARRAY['q', 'q.dead'], ARRAY[1, 2], ARRAY[1, 1], ARRAY[1, 1], '\\x00', NULL, NULL, NULL, NULL, ARRAY[1, 2], ARRAY['q'])",
];

function inSchema(text: string): string {
  return text.replaceAll("@", `${quoteIdentifier(schema)}.`);
}

/** Whether a step reads, or throws away, more rows than any of these calls takes, or more pages than these need. */
function isDear(node: PlanNode): boolean {
  const rowsOf = (node["Actual Rows"] ?? 0) * (node["Actual Loops"] ?? 1);
  const blocks = (node["Shared Hit Blocks"] ?? 0) + (node["Shared Read Blocks"] ?? 0);
  const isWhole = node["Node Type"] === "Seq Scan" && node["Relation Name"] === "messages";
  return isWhole || rowsOf > 2_000 || (node["Rows Removed by Filter"] ?? 0) > 2_000 || blocks > 6_000;
}

/** A queue with every kind of row, most of them leased, dead or due tomorrow; nothing is analyzed. */
async function fill(url: string): Promise<void> {
  const table = `${quoteIdentifier(schema)}.messages`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    `INSERT INTO ${table} (queue, state, urgency, key, place, at, fence, frame)
       SELECT q.id, s.state, 9, CASE WHEN n % 5 = 0 THEN 'k' || n % 1000 ELSE '' END, n, extract(epoch FROM now()) * 1000 + 86400000, 0, '\\x00'
       FROM generate_series(1, ${rows}) n
       CROSS JOIN LATERAL (SELECT CASE WHEN n % 100 < 30 THEN 0 WHEN n % 100 < 60 THEN 1 WHEN n % 100 < 98 THEN 2 ELSE 3 END AS state) s
       JOIN ${quoteIdentifier(schema)}.queues q ON q.name = CASE WHEN n % 7 = 0 THEN 'q.dead' ELSE 'q' END`,
  );
  await client.end();
}
