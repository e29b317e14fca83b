import { expect, test } from "vitest";
import { askServer } from "../../postgres/ask-server.ts";
import { OutboxPlace } from "../../postgres/outbox-place.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { explain, nodesOf, type ExplainedPlan } from "./explained-plans.ts";
import { postgresServer } from "./postgres-server.ts";

const rows = 200_000;
/** So often a session plans a statement anew before it keeps a plan. */
const plannedAnew = 5;

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start, { settings: ["-c", "autovacuum=off"] });

  test.each([
    { table: "a new table", prepare: "" },
    { table: "a table that was vacuumed while it was empty", prepare: "VACUUM @outbox" },
  ])("a relay's statements read no more than a batch, with plans made for $table", async ({ prepare }) => {
    const place = new OutboxPlace(server().url);
    await place.open({ relay: false });
    const inSchema = (text: string): string => text.replaceAll("@", `${place.schema}.`);
    await askServer(server().url, async (client) => {
      await client.query(inSchema(prepare));
      for (let time = 0; time <= plannedAnew; time += 1) {
        for (const text of calls) await client.query(inSchema(text));
      }
      await askServer(server().url, (other) => other.query(inSchema(fill)));
      const plans: ExplainedPlan[] = [];
      await explain(client, (plan) => plans.push(plan));
      for (const text of calls) {
        plans.length = 0;
        await client.query(inSchema(text));
        const seen = plans.flatMap(({ Plan: plan }) => nodesOf(plan));
        expect(seen.some((node) => node["Relation Name"] === "outbox")).toBe(true);
        const dear = seen.filter(
          (node) =>
            (node["Actual Rows"] ?? 0) * (node["Actual Loops"] ?? 1) > 1_000 ||
            (node["Rows Removed by Filter"] ?? 0) > 1_000,
        );
        expect([text, dear]).toEqual([text, []]);
      }
      // Two were accepted, one was refused for the first time and one for the last; the last two are not any more what was taken.
      const left = "SELECT id::int, state, attempts, error FROM @outbox WHERE id IN (1, 2, 3, 4, 5, 6) ORDER BY id";
      expect((await client.query(inSchema(left))).rows).toEqual([
        { id: 3, state: 1, attempts: 1, error: "no" },
        { id: 4, state: 2, attempts: 20, error: "never" },
        { id: 5, state: 0, attempts: 0, error: null },
        { id: 6, state: 0, attempts: 0, error: null },
      ]);
    });
  });
});

const calls = [
  "SELECT * FROM @outbox_take_2('me', 60000, 200, 1000000)",
  "SELECT @outbox_settle_5(ARRAY[1, 2, 5]::bigint[], ARRAY[1, 2, 0]::bigint[], ARRAY[3, 4, 6]::bigint[], ARRAY[3, 4, 0]::bigint[], ARRAY['no', 'never', 'else'], 20)",
];

const fill = `INSERT INTO @outbox (at, destination, attempts, frame)
  SELECT n, '"q"', CASE WHEN n = 4 THEN 19 ELSE 0 END, '\\x00' FROM generate_series(1, ${rows}) n`;
