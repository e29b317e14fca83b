import { describe, expect, it } from "vitest";

import type { ClaimRequest, Settlement } from "./store.ts";
import { engineBench, hang, idOf, outcomeOf, type EngineBench } from "./test-support/engine-bench.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);
const gathering = { size: 10, ms: 20 };

/** How many settlements each call of the store took. */
function batches({ store }: EngineBench): readonly number[] {
  return store.callsOf("settle").map(([, settlements]) => (settlements as readonly Settlement[]).length);
}

describe("a store whose claims go on in the broker", () => {
  it("lets them end before its consumer is closed", async () => {
    const { connection, consume, store, clock } = await engineBench({ facts: { claimsWait: true } });
    const over = Promise.withResolvers<void>();
    store.claimsOver = () => over.promise;
    const closed = outcomeOf((await consume()).close({ graceMs: 60_000 }));
    await clock.advance(10_000);
    expect(closed.state).toBe("pending");
    over.resolve();
    await clock.advance(0);
    expect(closed.state).toBe("resolved");
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("waits for them no longer than the grace, which may be shortened", async () => {
    const { connection, consume, store, clock } = await engineBench({ facts: { claimsWait: true } });
    store.claimsOver = hang;
    const closed = outcomeOf((await consume()).close({ graceMs: 1_000 }));
    await clock.advance(999);
    expect(closed.state).toBe("pending");
    await clock.advance(1);
    expect(closed.state).toBe("resolved");
    const again = await consume();
    const shortened = outcomeOf(again.close({ graceMs: 60_000 }));
    await clock.advance(0);
    expect(shortened.state).toBe("pending");
    await connection.close();
    expect([shortened.state, clock.pending]).toEqual(["resolved", 0]);
  });
});

describe("a store whose calls cost", () => {
  it("is sent a full batch at once, and less of it only after a moment", async () => {
    const bench = await engineBench({ facts: { gathering } });
    const { connection, consume, store, deliveries, clock } = bench;
    store.put("q", ids(14));
    await consume({ prefetch: 14 });
    const acks = deliveries.map((delivery) => outcomeOf(delivery.ack()));
    await clock.advance(0);
    expect(batches(bench)).toEqual([10]);
    expect(acks.map(({ state }) => state).filter((state) => state === "pending")).toHaveLength(4);
    await clock.advance(gathering.ms - 1);
    expect(batches(bench)).toEqual([10]);
    await clock.advance(1);
    expect(batches(bench)).toEqual([10, 4]);
    expect(acks.every(({ state }) => state === "resolved")).toBe(true);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("is sent multiples of what a call takes where more has come together", async () => {
    const bench = await engineBench({ facts: { gathering } });
    const { connection, consume, store, deliveries, clock } = bench;
    store.put("q", ids(35));
    await consume({ prefetch: 35 });
    const answer = Promise.withResolvers<void>();
    store.next("settle", () => answer.promise);
    const acks = deliveries.map((delivery) => outcomeOf(delivery.ack()));
    await clock.advance(0);
    answer.resolve();
    await clock.advance(0);
    expect(batches(bench)).toEqual([10, 20]);
    await clock.advance(gathering.ms);
    expect(batches(bench)).toEqual([10, 20, 5]);
    expect(acks.every(({ state }) => state === "resolved")).toBe(true);
    await connection.close();
  });

  it("is sent what was held back when the connection closes", async () => {
    const bench = await engineBench({ facts: { gathering } });
    const { connection, consume, store, deliveries, clock } = bench;
    store.put("q", ["a"]);
    await consume({ prefetch: 1 });
    const ack = outcomeOf(deliveries[0]!.ack());
    const closed = outcomeOf(connection.close());
    await clock.advance(1_000);
    expect([ack.state, closed.state, store.settled.length]).toEqual(["resolved", "resolved", 1]);
    expect(clock.pending).toBe(0);
  });
});

describe("a store whose claims wait in the broker", () => {
  it("is told when nobody wants the answer any more, and only then", async () => {
    const { connection, consume, store, clock } = await engineBench({ facts: { claimsWait: true } });
    const answer = Promise.withResolvers<void>();
    store.always("claim", () => answer.promise);
    const consumer = await consume();
    const [request] = store.callsOf("claim").at(-1) as readonly [ClaimRequest];
    await clock.advance(60_000);
    expect(request.signal?.aborted).toBe(false);
    const closed = outcomeOf(consumer.close());
    await clock.advance(0);
    expect([request.signal?.aborted, closed.state]).toEqual([true, "pending"]);
    answer.resolve();
    await clock.advance(0);
    expect(closed.state).toBe("resolved");
    await connection.close();
  });

  it("is given no signal where claims answer at once", async () => {
    const { connection, consume, store } = await engineBench();
    await consume();
    expect(store.callsOf("claim").every(([request]) => (request as ClaimRequest).signal === undefined)).toBe(true);
    await connection.close();
  });

  it("counts a lease from when the store says that it began, not from when it was asked", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench({ facts: { claimsWait: true } });
    const claim = store.claim.bind(store);
    store.claim = async (request) => {
      // As long as a lease, so that one counted from the question would be over.
      await clock.sleep(3_500);
      const found = await claim(request);
      return found.messages.length === 0 ? found : { ...found, leasedAtMs: clock.monotonic() };
    };
    store.put("q", ["late"]);
    await consume({ prefetch: 1 });
    await clock.advance(3_500);
    expect(deliveries.map(idOf)).toEqual(["late"]);
    await clock.advance(500);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await deliveries[0]?.ack();
    const closed = outcomeOf(connection.close());
    await clock.advance(10_000);
    expect(closed.state).toBe("resolved");
  });
});
