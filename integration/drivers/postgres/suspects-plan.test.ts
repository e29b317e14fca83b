import { encodeFrame } from "@lovage/lease-engine";
import { Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { askServer } from "../../postgres/ask-server.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { explain, nodesOf, type ExplainedPlan } from "./explained-plans.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const schema = "suspects";
/** So often a session plans a statement anew before it keeps a plan. */
const plannedAnew = 5;

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("whether suspects wait is looked up through the index by a session that has planned it for an empty table", async () => {
    const { url } = server();
    const plans: ExplainedPlan[] = [];
    const pool = new Pool({ connectionString: url, max: 4 });
    onTestFinished(() => pool.end());
    pool.on("connect", (client) => void explain(client, (plan) => plans.push(plan)));
    const store = await openedStore({ url, schema, pool });
    await askServer(url, (client) => client.query(`VACUUM ${schema}.messages`));
    for (let time = 0; time <= plannedAnew; time += 1) expect(await store.suspectsWait("q")).toBe(false);
    await askServer(url, (client) =>
      client.query(
        `INSERT INTO ${schema}.messages (queue, state, urgency, key, place, at, frame)
           SELECT q.id, 2, 9, '', 1e15, 1e15, $1 FROM ${schema}.queues q, generate_series(1, 20000) WHERE q.name = 'q'`,
        [Buffer.from(encodeFrame(message("m")))],
      ),
    );
    plans.length = 0;
    expect(await store.suspectsWait("q")).toBe(false);
    const looks = plans.flatMap(({ Plan: plan }) => nodesOf(plan));
    expect(looks.filter((node) => node["Relation Name"] === "messages")).toHaveLength(1);
    expect(looks.filter((node) => (node["Rows Removed by Filter"] ?? 0) > 100)).toEqual([]);
  });
});
