import type { Lease, Settlement } from "@lovage/lease-engine";
import { expect, test, vi } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const request = { queue: "q", max: 10, leaseMs: 30_000, suspects: false };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test.each([
    { order: "the older first", arrange: (leases: readonly Lease[]) => leases },
    { order: "the newer first", arrange: (leases: readonly Lease[]) => leases.toReversed() },
  ])("of two leases on each of two messages in one batch those that are held count, $order", async ({ arrange }) => {
    const store = await openedStore({ url: server().url });
    await store.publish([message("a"), message("b")]);
    const older = await leasesOf(store.claim({ ...request, leaseMs: 1 }));
    await vi.waitUntil(async () => (await store.sweep({ queues: ["q"], suspectAfter: 5, max: 10 })).recovered > 0);
    const newer = await leasesOf(store.claim(request));
    expect(newer).toHaveLength(2);
    const leases = arrange([...older, ...newer]);
    const extended = await store.extend("q", leases, 60_000);
    expect(new Set(extended?.lost)).toEqual(new Set(older));
    expect(extended?.left).toEqual([]);
    const [first, second] = newer;
    const settlements = leases.map((lease): Settlement =>
      lease.id === first?.id ? { kind: "ack", lease } : { kind: "release", lease, delayMs: 0 },
    );
    expect(new Set(await store.settle("q", settlements))).toEqual(new Set(older));
    expect((await leasesOf(store.claim(request))).map(({ id }) => id)).toEqual([second?.id]);
  });
});

async function leasesOf(claim: Promise<{ readonly messages: readonly { readonly lease: Lease }[] }>): Promise<Lease[]> {
  return (await claim).messages.map(({ lease }) => lease);
}
