import { LovageError } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import type { ClaimRequest } from "../store.ts";
import { engineBench, idOf } from "../test-support/engine-bench.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);
const claimsOf = (calls: readonly (readonly unknown[])[]): readonly number[] =>
  calls.map(([request]) => (request as ClaimRequest).max);

describe("claiming for room that is on its way", () => {
  it("asks right after the store was asked to settle, and hands out no more than the prefetch", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(30));
    const consumer = await consume({ prefetch: 10 });
    store.next("settle", () => gate.promise);
    const settled = deliveries.slice(0, 5).map((delivery) => delivery.ack());
    await clock.advance(0);
    expect(claimsOf(store.callsOf("claim"))).toEqual([10, 5]);
    expect([deliveries.length, consumer.unsettled]).toEqual([10, 10]);
    gate.resolve();
    await Promise.all(settled);
    await clock.advance(0);
    expect([deliveries.length, consumer.unsettled]).toEqual([15, 10]);
    await connection.close();
  });

  it("counts on it once, and gives back what there is no room for after a second", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(30));
    const consumer = await consume({ prefetch: 10 });
    store.next("settle", () => gate.promise);
    const settled = deliveries.slice(0, 5).map((delivery) => delivery.ack());
    await clock.advance(2_000);
    expect(claimsOf(store.callsOf("claim"))).toEqual([10, 5]);
    expect([deliveries.length, consumer.unsettled]).toEqual([10, 10]);
    gate.resolve();
    await Promise.all(settled);
    await clock.advance(0);
    expect(consumer.unsettled).toBe(10);
    expect(deliveries.map(({ count }) => count)).toEqual(deliveries.map(() => 1));
    await connection.close();
  });

  it("gives back what came for room that a refused settlement did not make", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ids(30));
    const consumer = await consume({ prefetch: 10 });
    store.always("settle", (_, settlements) => {
      if ((settlements as readonly { readonly kind: string }[]).some(({ kind }) => kind === "ack"))
        throw new LovageError("no", { code: "TRANSPORT_REJECTED" });
    });
    const settled = deliveries.slice(0, 5).map((delivery) => delivery.ack());
    await expect(Promise.allSettled(settled)).resolves.toMatchObject(settled.map(() => ({ status: "rejected" })));
    await clock.advance(0);
    expect([deliveries.length, consumer.unsettled]).toEqual([10, 10]);
    expect(store.settled.map(({ kind }) => kind)).toEqual(store.settled.map(() => "release"));
    await connection.close();
  });

  it("waits for what is released, which is to come first again", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(30));
    await consume({ prefetch: 1 });
    store.next("settle", () => gate.promise);
    const released = deliveries[0]?.release();
    await clock.advance(0);
    expect(claimsOf(store.callsOf("claim"))).toEqual([1]);
    gate.resolve();
    await released;
    await clock.advance(5);
    expect(deliveries.map(idOf)).toEqual(["m0", "m0"]);
    await connection.close();
  });

  it("does not ask where a claim waits in the broker", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench({ facts: { claimsWait: true } });
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(30));
    await consume({ prefetch: 10 });
    store.next("settle", () => gate.promise);
    const settled = deliveries.map((delivery) => delivery.ack());
    await clock.advance(0);
    expect(claimsOf(store.callsOf("claim"))).toEqual([10]);
    gate.resolve();
    await Promise.all(settled);
    await connection.close();
  });
});
