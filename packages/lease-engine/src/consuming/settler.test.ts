import { LovageError, silentLog, virtualClock } from "@lovage/foundation";
import { PublishError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { LeaseDelivery } from "../delivery.ts";
import { Settler } from "./settler.ts";
import { StoreLink } from "../store-link.ts";
import { engineBench, hang, messageOf, outcomeOf, unavailable } from "../test-support/engine-bench.ts";
import { ScriptedStore } from "../test-support/scripted-store.ts";

/** Codes of what was refused, `ok` for what was not. */
async function codesOf(promises: readonly (Promise<unknown> | undefined)[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(promises.map(async (each) => await each));
  return outcomes.map((each) => (each.status === "fulfilled" ? "ok" : (each.reason as LovageError).code));
}

/** How many were settled by each call. */
const sizes = (calls: readonly (readonly unknown[])[]): readonly number[] =>
  calls.map(([, settlements]) => (settlements as readonly unknown[]).length);

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe("settling", () => {
  it("sends what a turn of the event loop settles when the turn ends", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(10));
    await consume({ prefetch: 10 });
    const settled = deliveries.slice(0, 4).map((delivery) => delivery.ack());
    expect(sizes(store.callsOf("settle"))).toEqual([]);
    await Promise.all(settled);
    expect(sizes(store.callsOf("settle"))).toEqual([4]);
    await connection.close();
  });

  it("sends half of what is held in the midst of a turn, and the rest when the store has answered", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(10));
    await consume({ prefetch: 10 });
    const settled = deliveries.slice(0, 9).map((delivery) => delivery.ack());
    expect(sizes(store.callsOf("settle"))).toEqual([5]);
    await Promise.all(settled);
    expect(sizes(store.callsOf("settle"))).toEqual([5, 4]);
    await connection.close();
  });

  it("sends a lone settlement at once where only one message is held", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(1));
    await consume({ prefetch: 10 });
    const settled = deliveries[0]?.ack();
    expect(sizes(store.callsOf("settle"))).toEqual([1]);
    await settled;
    await connection.close();
  });

  it("gives back what was handed over to nobody only when the store has answered what was settled before", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench({ facts: { handsOver: true } });
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(1));
    const consumer = await consume();
    consumer.setPrefetch(0);
    store.next("settle", () => gate.promise);
    const settled = deliveries[0]?.ack();
    store.put("q", ["handed"]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 3_000, suspects: false });
    store.events?.deliver("q", messages, clock.monotonic());
    await clock.advance(10);
    expect(sizes(store.callsOf("settle"))).toEqual([1]);
    gate.resolve();
    await settled;
    await clock.advance(10);
    expect(store.settled.map(({ kind }) => kind)).toEqual(["ack", "release"]);
    await connection.close();
  });

  it("gives back what is handed over while the connection closes, although the store has not answered before", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench({ facts: { handsOver: true } });
    const gate = Promise.withResolvers<void>();
    store.put("q", ids(1));
    await consume({ prefetch: 1 });
    store.put("q", ["handed"]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 3_000, suspects: false });
    store.next("settle", () => gate.promise);
    const closed = outcomeOf(connection.close());
    await clock.advance(0);
    store.events?.deliver("q", messages, clock.monotonic());
    gate.resolve();
    await clock.advance(0);
    expect([deliveries.length, closed.state, store.leased.size]).toEqual([1, "resolved", 0]);
  });

  it("gives back what is handed over while the store closes", async () => {
    const { connection, store, clock } = await engineBench({ facts: { handsOver: true } });
    store.put("q", ["handed"]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 3_000, suspects: false });
    const close = store.close.bind(store);
    store.close = async () => {
      store.events?.deliver("q", messages, clock.monotonic());
      await close();
    };
    await connection.close();
    expect(store.settled.map(({ kind }) => kind)).toEqual(["release"]);
  });

  it("refuses what comes after the connection was closed: routing its follow-ups may have taken so long", async () => {
    const clock = virtualClock();
    const calls = { open: hang, close: hang, restore: hang };
    const link = new StoreLink({ clock, log: silentLog, ...calls, unheardMs: 1_500, onState: () => {} });
    const store = new ScriptedStore(clock);
    const settler = new Settler("q", { store, link, clock, leaseMs: 3_000, confirmedAtMs: () => 0 });
    const owner = { unsettled: 1 };
    const delivery = { owner, lostError: () => new LovageError("lost", { code: "LEASE_LOST" }), lose: () => {} };
    settler.close();
    link.close();
    const settled = settler.settle(delivery as unknown as LeaseDelivery, { kind: "ack", lease: { id: 1, fence: 1 } });
    const outcome = outcomeOf(settled);
    await clock.advance(0);
    expect(outcome.state).toBe("LEASE_LOST");
  });

  it("takes one ack, release or reject", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    const [delivery] = deliveries;
    const codes = await codesOf([delivery?.ack(), delivery?.ack(), delivery?.reject({ reason: "no" })]);
    expect(codes).toEqual(["ok", "DELIVERY_SETTLED", "DELIVERY_SETTLED"]);
    await connection.close();
  });

  it("gives a double back like any other where the store names no copies", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ["a"]);
    const consumer = await consume();
    consumer.setPrefetch(0);
    await deliveries[0]?.release({ delayMs: 500, isDouble: true });
    expect(store.settled).toMatchObject([{ kind: "release", delayMs: 500 }]);
    expect(store.settled[0]).not.toHaveProperty("isDouble");
    await connection.close();
  });

  it("tells each settlement of a batch whether its own lease was lost", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(3));
    const consumer = await consume();
    store.steal({ id: 2, fence: deliveries[1]?.fence ?? 0 });
    consumer.setPrefetch(0);
    const codes = await codesOf(deliveries.map((delivery) => delivery.ack()));
    expect(codes).toEqual(["ok", "LEASE_LOST", "ok"]);
    expect(deliveries.map(({ signal }) => signal.aborted)).toEqual([false, true, false]);
    expect(consumer.unsettled).toBe(0);
    await connection.close();
  });

  it("refuses a bad follow-up at the call, and the delivery stays unsettled", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ["a"]);
    const consumer = await consume();
    const [delivery] = deliveries;
    await expect(delivery?.ack([messageOf("x", { to: "elsewhere" })])).rejects.toMatchObject({
      code: "QUEUE_NOT_DECLARED",
    });
    await expect(delivery?.ack([messageOf("x", { to: { exchange: "none", routingKey: "" } })])).rejects.toMatchObject({
      code: "MESSAGE_UNROUTABLE",
    });
    await expect(delivery?.release({ delayMs: Number.NaN })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(consumer.unsettled).toBe(1);
    await delivery?.ack([messageOf("x")]);
    expect(store.settled).toMatchObject([{ kind: "ack", followUps: [{ to: "q" }] }]);
    await connection.close();
  });

  it("leaves a delivery unsettled whose settlement the store refuses, and settles the others of the batch", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(4));
    const consumer = await consume();
    store.always("settle", (_, settlements) => {
      if ((settlements as { lease: { id: number } }[]).some(({ lease }) => lease.id === 3))
        throw new LovageError("no", { code: "TRANSPORT_REJECTED" });
    });
    const codes = await codesOf(deliveries.map((delivery) => delivery.ack()));
    expect(codes).toEqual(["ok", "ok", "TRANSPORT_REJECTED", "ok"]);
    expect(consumer.unsettled).toBe(1);
    store.always("settle", undefined);
    await deliveries[2]?.reject({ reason: "failed" });
    expect(consumer.unsettled).toBe(0);
    await connection.close();
  });

  it("refuses those of a batch whose follow-ups were not accepted, each once, and hears of the others", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(4));
    const consumer = await consume();
    const error = new LovageError("away", { code: "CLAIM_CHECK_UNAVAILABLE", retryable: true });
    store.always("settle", (_, settlements) => {
      const index = (settlements as { lease: { id: number } }[]).findIndex(({ lease }) => lease.id === 3);
      if (index >= 0) throw new PublishError([{ index, messageId: "x", error }], 2);
    });
    const codes = await codesOf(deliveries.map((delivery) => delivery.ack()));
    expect(codes).toEqual(["ok", "ok", "CLAIM_CHECK_UNAVAILABLE", "ok"]);
    expect(sizes(store.callsOf("settle"))).toEqual([2, 2, 1]);
    expect(consumer.unsettled).toBe(1);
    await connection.close();
  });

  it("repeats a settlement while the store is away and the lease can be valid, and then gives up", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a", "b"]);
    await consume();
    store.always("settle", unavailable);
    store.always("extend", unavailable);
    store.always("open", unavailable);
    const first = outcomeOf(deliveries[0]?.ack() ?? hang());
    await clock.advance(2_000);
    expect(first.state).toBe("pending");
    await clock.advance(2_000);
    expect(first.state).toBe("LEASE_LOST");
    expect(deliveries[0]?.signal.aborted).toBe(true);
    await connection.close();
  });

  it("records a settlement once the store is back in time", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    store.next("settle", unavailable);
    store.next("open", unavailable);
    const outcome = outcomeOf(deliveries[0]?.ack() ?? hang());
    await clock.advance(1_000);
    expect(outcome.state).toBe("resolved");
    expect(store.settled.length).toBe(1);
    await connection.close();
  });
});
