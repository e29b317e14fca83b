import type { Hold } from "@lovage/backend";
import { postgresBackend } from "@lovage/backend-postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";

const patience = { timeout: 30_000, interval: 50 };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("numbers go on in tables that were made anew: no revocation is behind a cursor of the old ones, and no fence comes back", async () => {
    const { url } = server();
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const results = backend.results!;
    const coordination = backend.coordination!;
    const revoke = (...ids: readonly string[]) =>
      results.put(
        ids.map((taskId) => ({ taskId, state: "REVOKED", document: "{}", fence: null, expiresInMs: 60_000 })),
      );
    await revoke("a", "b", "c");
    const { cursor } = await results.revocations();
    const request = { name: "door", holder: "worker", leaseMs: 60_000 };
    const before = await coordination.acquire(request);
    await askServer(url, async (client) => {
      await client.query("DROP SCHEMA lovage CASCADE");
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lovage:%'",
      );
    });
    await vi.waitUntil(() => revoke("d").catch(() => undefined), patience);
    expect((await results.revocations({ after: cursor })).taskIds).toEqual(["d"]);
    const after = await coordination.acquire(request);
    expect(fenceOf(after)).toBeGreaterThan(fenceOf(before));
  });
});

const fenceOf = (hold: Hold): number => (hold.granted ? hold.fence : Number.NaN);
