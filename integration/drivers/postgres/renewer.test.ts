import { postgresTarget } from "@lovage/client-postgres";
import { systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";
import { openRenewer, type RenewerOptions } from "../../../packages/transport-postgres/src/renewer.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { askServer } from "../../postgres/ask-server.ts";
import { openClient } from "../../postgres/open-client.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

async function serverNow(url: string): Promise<number> {
  const { rows } = await askServer(url, (client) =>
    client.query<{ ms: number }>("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms"),
  );
  return rows[0]?.ms ?? Number.NaN;
}

async function untilPast(url: string, atMs: number): Promise<void> {
  await vi.waitUntil(async () => (await serverNow(url)) > atMs, { timeout: 20_000 });
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("a settlement whose commit takes long does not keep the renewal of other leases waiting", async () => {
    const { url } = server();
    const store = await openedStore({ url, schema: "slow" });
    await store.publish([message("a"), message("b"), message("c")]);
    const { messages } = await store.claim({ queue: "q", max: 3, leaseMs: 60_000, suspects: false });
    const leases = messages.map(({ lease }) => lease);
    const [settling, other, gone] = leases;
    await store.settle("q", [{ kind: "ack", lease: gone! }]);
    const client = await openClient(url);
    await client.query("BEGIN");
    await client.query("DELETE FROM slow.messages WHERE id = $1", [settling!.id]);
    const endOf = async (id: number): Promise<number> => {
      const sql = "SELECT at::float8 AS ms FROM slow.messages WHERE id = $1";
      const { rows } = await askServer(url, (asking) => asking.query<{ ms: number }>(sql, [id]));
      return rows[0]?.ms ?? Number.NaN;
    };
    const before = await endOf(other!.id);
    // It would wait for the end of that transaction, which is after it here.
    expect(await store.extend("q", leases, 600_000)).toEqual({ lost: [gone], left: [settling] });
    expect((await endOf(other!.id)) - before).toBeGreaterThan(500_000);
    await client.query("COMMIT");
    expect(await store.extend("q", leases, 600_000)).toEqual({ lost: [settling, gone], left: [] });
  });

  test("a lease that a sweep is just taking is not told as renewed", async () => {
    const { url } = server();
    const store = await openedStore({ url, schema: "swept" });
    await store.publish([message("a")]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 100, suspects: false });
    const leases = messages.map(({ lease }) => lease);
    await untilPast(url, (await serverNow(url)) + 100);
    const client = await openClient(url);
    await client.query("BEGIN");
    const { rows } = await client.query("SELECT recovered FROM swept.sweep_1('q', 'q.dead', 2, 10)");
    expect(rows).toEqual([{ recovered: 1 }]);
    expect(await store.extend("q", leases, 60_000)).toEqual({ lost: [], left: leases });
    await client.query("COMMIT");
    expect(await store.extend("q", leases, 60_000)).toEqual({ lost: leases, left: [] });
  });

  test("of a message that was claimed again the earlier lease alone is gone", async () => {
    const store = await openedStore({ url: server().url, schema: "again" });
    await store.publish([message("a")]);
    const claim = async () => {
      const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 60_000, suspects: false });
      return messages[0]!.lease;
    };
    const earlier = await claim();
    await store.settle("q", [{ kind: "release", lease: earlier, delayMs: 0 }]);
    const later = await claim();
    expect(later.id).toBe(earlier.id);
    expect(await store.extend("q", [earlier, later], 60_000)).toEqual({ lost: [earlier], left: [] });
  });

  test("a renewer keeps leases on a connection of its own, also after a restart of the server", async () => {
    const { url } = server();
    const store = await openedStore({ url, schema: "lovage" });
    await store.publish([message("a")]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 500, suspects: false });
    // By the server at the earliest moment after the claim, so that the lease it gave has ended by then.
    const claimedAtMs = await serverNow(url);
    const leases = messages.map(({ lease }) => lease);
    const options: RenewerOptions = { target: postgresTarget(url, {}), name: "renewer" };
    // As a thread is sent it.
    const renewer = await openRenewer(structuredClone(options), () => systemClock.monotonic());
    onTestFinished(() => renewer.close());
    expect(await renewer.extend("q", leases, 60_000)).toBeNull();
    await untilPast(url, claimedAtMs + 500);
    expect(await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 })).toEqual({ recovered: 0, more: false });
    await server().kill();
    await server().start();
    await vi.waitUntil(async () => (await renewer.extend("q", leases, 60_000).catch(() => undefined)) === null, {
      timeout: 20_000,
    });
    await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await store.settle("q", [{ kind: "ack", lease: leases[0] ?? { id: 0, fence: 0 } }]);
    expect(await renewer.extend("q", leases, 60_000)).toEqual({ lost: leases, left: [] });
  });
});
