import { postgresTarget } from "@lovage/client-postgres";
import { systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";
import { openRenewer, type RenewerOptions } from "../../../packages/transport-postgres/src/renewer.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { askServer } from "../../postgres/ask-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

async function serverNow(url: string): Promise<number> {
  const { rows } = await askServer(url, (client) =>
    client.query<{ ms: number }>("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms"),
  );
  return rows[0]?.ms ?? Number.NaN;
}

async function untilPast(url: string, atMs: number): Promise<void> {
  await vi.waitUntil(async () => (await serverNow(url)) > atMs, { timeout: 10_000 });
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

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
      timeout: 10_000,
    });
    await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await store.settle("q", [{ kind: "ack", lease: leases[0] ?? { id: 0, fence: 0 } }]);
    expect(await renewer.extend("q", leases, 60_000)).toEqual({ lost: leases });
  });
});
