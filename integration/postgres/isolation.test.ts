import { postgresBackend } from "@lovage/backend-postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("a database whose transactions see what was there when they began does not give one lock to two holders", async () => {
    const { url } = server();
    await askServer(url, (client) =>
      client.query(`ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'repeatable read'`),
    );
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const gate = await openClient(url);
    await gate.query("BEGIN");
    await gate.query("SELECT pg_advisory_xact_lock(hashtextextended('lovage/backend/hold/one', 0))");
    const asking = ["a", "b"].map((holder) => backend.coordination!.acquire({ name: "one", holder, leaseMs: 60_000 }));
    await vi.waitUntil(async () => {
      const waiting = "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      return (await askServer(url, (client) => client.query<{ n: number }>(waiting))).rows[0]?.n === 2;
    });
    await gate.query("COMMIT");
    const holds = await Promise.all(asking);
    expect(holds.filter(({ granted }) => granted)).toHaveLength(1);
  });
});
