import { LeaseLostError, PublishError, TransportRejectedError, TransportUnavailableError } from "@lovage/transport";
import type { Delivery } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, idOf, messageOf, type EngineBench } from "../test-support/engine-bench.ts";

const leaseMs = 3_000;
const refused = (): never => {
  throw new TransportRejectedError("The dead-letter queue is gone.");
};
/** What a store without transactions says of a batch of one. */
const refusedForNow = (): never => {
  const error = new TransportUnavailableError("busy");
  throw new PublishError([{ index: 0, messageId: "a", error }], 1);
};

/** A delivery of "a", beside which nothing else is taken. */
async function holding(): Promise<EngineBench & { readonly delivery: Delivery; unsettled(): number }> {
  const bench = await engineBench();
  bench.store.put("q", ["a"]);
  const consumer = await bench.consume({ prefetch: 1 });
  return { ...bench, delivery: bench.deliveries[0] as Delivery, unsettled: () => consumer.unsettled };
}

describe.each([
  ["a rejection", (delivery: Delivery) => delivery.reject({ reason: "failed" })],
  ["a release", (delivery: Delivery) => delivery.release()],
])("%s that the store refuses for good", (_, settle) => {
  it("lets the message go: its slot is free, and it comes again when its lease has ended", async () => {
    const { connection, clock, store, delivery, deliveries, unsettled } = await holding();
    const { signal } = delivery;
    store.next("settle", refused);
    await expect(settle(delivery)).rejects.toThrow(TransportRejectedError);
    expect([unsettled(), signal.aborted, signal.reason]).toEqual([0, true, expect.any(LeaseLostError)]);
    expect((signal.reason as Error).cause).toBeInstanceOf(TransportRejectedError);
    await expect(delivery.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await clock.advance(leaseMs + 1_000);
    expect(store.callsOf("extend")).toEqual([]);
    expect(deliveries.map((each) => [idOf(each), each.count])).toEqual([
      ["a", 1],
      ["a", 2],
    ]);
    await connection.close();
  });

  it("keeps the message where it is refused for now", async () => {
    const { connection, store, delivery, unsettled } = await holding();
    store.next("settle", refusedForNow);
    await expect(settle(delivery)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    expect([unsettled(), delivery.signal.aborted]).toEqual([1, false]);
    await settle(delivery);
    expect(store.settled).toHaveLength(1);
    await connection.close();
  });
});

describe.each([
  ["an acknowledgement", (delivery: Delivery) => delivery.ack()],
  ["a rejection with follow-ups", (delivery: Delivery) => delivery.reject({ reason: "failed" }, [messageOf("b")])],
])("%s that the store refuses for good", (_, settle) => {
  it("leaves the message to be settled otherwise", async () => {
    const { connection, store, delivery, unsettled } = await holding();
    store.next("settle", refused);
    await expect(settle(delivery)).rejects.toThrow(TransportRejectedError);
    expect([unsettled(), delivery.signal.aborted]).toEqual([1, false]);
    await delivery.reject({ reason: "failed" });
    expect([unsettled(), store.settled.map(({ kind }) => kind)]).toEqual([0, ["reject"]]);
    await connection.close();
  });
});

describe.each([
  ["for good", refused],
  ["for now", refusedForNow],
])("what the engine settles by itself and the store refuses %s", (_, refuse) => {
  it("takes no slot while poison waits for its next turn", async () => {
    const { connection, consume, store, clock, deliveries } = await engineBench();
    store.put("q", ["poison"], { losses: 3 });
    store.next("settle", refuse);
    await consume({ prefetch: 1 });
    store.put("q", ["b"]);
    await clock.advance(1_000);
    expect(deliveries.map(idOf)).toEqual(["b"]);
    await deliveries[0]?.ack();
    await clock.advance(leaseMs + 2_000);
    expect(store.settled.map(({ kind }) => kind)).toEqual(["ack", "reject"]);
    await connection.close();
  });

  it("comes again where it was to be given back", async () => {
    const { connection, consume, store, clock } = await engineBench();
    let calls = 0;
    store.put("q", ["a"]);
    store.next("settle", refuse);
    const onDelivery = (delivery: Delivery): void => {
      calls += 1;
      if (calls === 1) throw new Error("a defect");
      void delivery.ack();
    };
    const consumer = await consume({ prefetch: 1, onDelivery });
    expect(consumer.unsettled).toBe(0);
    await clock.advance(leaseMs + 1_000);
    expect([calls, store.settled.map(({ kind }) => kind)]).toEqual([2, ["ack"]]);
    await connection.close();
  });
});
