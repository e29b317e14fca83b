import { postgresBackend } from "@lovage/backend-postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

const patience = { timeout: 20_000 };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("a lock that is renewed at the last moment, by a call that takes longer, is not given to another one meanwhile", async () => {
    const { url } = server();
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const coordination = backend.coordination!;
    await coordination.acquire({ name: "one", holder: "a", leaseMs: 1_000 });
    const gate = await openClient(url);
    await gate.query("BEGIN");
    await gate.query("SELECT FROM lovage.holds FOR UPDATE");
    const renewing = coordination.renew("one", "a", 60_000);
    await vi.waitUntil(async () => {
      const over = `SELECT (SELECT count(*) FROM pg_locks WHERE NOT granted) = 1
        AND (SELECT ends_at FROM lovage.holds) < extract(epoch FROM clock_timestamp()) * 1000 AS over`;
      return (await askServer(url, (client) => client.query<{ over: boolean }>(over))).rows[0]?.over;
    }, patience);
    const asking = coordination.acquire({ name: "one", holder: "b", leaseMs: 60_000 });
    await vi.waitUntil(async () => {
      const told = await Promise.race([
        asking,
        askServer(url, (client) => client.query("SELECT FROM pg_locks WHERE NOT granted")),
      ]);
      return !("rowCount" in told) || told.rowCount === 2;
    }, patience);
    await gate.query("COMMIT");
    const holders = [await renewing, (await asking).granted];
    expect(holders.filter(Boolean)).toHaveLength(1);
  });
});
