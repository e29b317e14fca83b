import { TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang, idOf, messageOf, outcomeOf, unavailable } from "./test-support/engine-bench.ts";

describe("closing", () => {
  it("waits for what is unsettled until the grace has passed, and gives the rest back", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a", "b", "c"]);
    await consume({ prefetch: 2 });
    const closed = outcomeOf(connection.close({ graceMs: 1_000 }));
    expect(connection.state).toBe("closed");
    await clock.advance(500);
    await deliveries[0]?.ack();
    await clock.advance(499);
    expect([closed.state, deliveries[1]?.signal.aborted]).toEqual(["pending", false]);
    await clock.advance(1);
    expect(closed.state).toBe("resolved");
    expect(deliveries[1]?.signal.reason).toMatchObject({ code: "LEASE_LOST", cause: { code: "CLOSED" } });
    expect(store.settled.map(({ kind }) => kind)).toEqual(["ack", "release"]);
    expect([deliveries.length, store.isClosed, clock.pending]).toEqual([2, true, 0]);
    await expect(deliveries[1]?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
  });

  it("does not wait when nothing is unsettled", async () => {
    const { connection, consume, clock } = await engineBench();
    await consume();
    await connection.close({ graceMs: 60_000 });
    expect(clock.pending).toBe(0);
  });

  it("is idempotent, and a later call may shorten the grace", async () => {
    const { connection, consume, store, deliveries, states, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    const calls = [connection.close({ graceMs: 60_000 }), connection.close({ graceMs: 90_000 })].map(outcomeOf);
    await clock.advance(100);
    expect(calls.map(({ state }) => state)).toEqual(["pending", "pending"]);
    calls.push(outcomeOf(connection.close()));
    await clock.advance(0);
    expect(calls.map(({ state }) => state)).toEqual(["resolved", "resolved", "resolved"]);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    expect(states).toEqual(["closed"]);
  });

  it("ends within a second although the store answers nothing", async () => {
    const { connection, consume, store, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    for (const method of ["settle", "claim", "publish", "extend", "sweep"] as const) store.always(method, hang);
    const published = outcomeOf(connection.publish([messageOf("b")]));
    const closed = outcomeOf(connection.close());
    await clock.advance(1_000);
    expect([closed.state, published.state]).toEqual(["resolved", "PUBLISH_UNCERTAIN"]);
    expect(clock.pending).toBe(0);
  });

  it("ends while the store is away", async () => {
    const { connection, consume, store, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    store.always("open", unavailable);
    store.always("settle", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(500);
    const closed = outcomeOf(connection.close());
    await clock.advance(1_000);
    expect([closed.state, clock.pending]).toEqual(["resolved", 0]);
  });

  it("closes a store once more that comes back only then: its connections would stay open", async () => {
    const { connection, store, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.next("open", () => gate.promise);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(100);
    await connection.close();
    store.isClosed = false;
    gate.resolve();
    await clock.advance(0);
    expect([store.isClosed, store.callsOf("declare").length]).toEqual([true, 1]);
  });

  it("gives back what a claim brings that was under way", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    const gate = Promise.withResolvers<void>();
    store.next("claim", () => gate.promise);
    await consume();
    const closed = outcomeOf(connection.close());
    gate.resolve();
    await clock.advance(100);
    expect([closed.state, deliveries.length, store.leased.size, store.ready.length]).toEqual(["resolved", 0, 0, 1]);
  });

  it("waits within its grace for what is on its way back: a lease that is left behind would keep its message from all others", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    store.next("claim", () => clock.sleep(1_000));
    store.next("settle", () => clock.sleep(1_500));
    await consume();
    const closed = outcomeOf(connection.close({ graceMs: 60_000 }));
    await clock.advance(2_400);
    expect([closed.state, store.leased.size]).toEqual(["pending", 1]);
    await clock.advance(200);
    expect([closed.state, store.leased.size, store.ready.length]).toEqual(["resolved", 0, 1]);
    expect([deliveries.length, clock.pending]).toEqual([0, 0]);
  });

  it("waits no longer for a claim whose connection was lost", async () => {
    const { consume, connection, store, clock } = await engineBench();
    store.next("claim", hang);
    const consumer = await consume();
    const closed = outcomeOf(consumer.close({ graceMs: 60_000 }));
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    expect([connection.state, closed.state]).toEqual(["open", "resolved"]);
    await connection.close();
  });

  it("nor, of the whole connection, when the store is back", async () => {
    const { connection, consume, store, states, clock } = await engineBench();
    store.next("claim", hang);
    await consume();
    const closed = outcomeOf(connection.close({ graceMs: 60_000 }));
    await clock.advance(500);
    expect(closed.state).toBe("pending");
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    expect([closed.state, states]).toEqual(["resolved", ["closed"]]);
  });

  it("nor, with the store away, for what is on its way back once its lease has ended", async () => {
    const { connection, consume, store, clock } = await engineBench();
    store.put("q", ["a"]);
    store.next("claim", () => clock.sleep(500));
    store.always("settle", unavailable);
    store.always("open", unavailable);
    await consume();
    const closed = outcomeOf(connection.close({ graceMs: 60_000 }));
    await clock.advance(2_900);
    expect(closed.state).toBe("pending");
    await clock.advance(200);
    expect([closed.state, clock.pending]).toEqual(["resolved", 0]);
  });

  it("waits for the return of what the store handed over and nobody takes", async () => {
    const { connection, consume, store, clock } = await engineBench();
    const consumer = await consume();
    consumer.setPrefetch(0);
    store.put("q", ["a", "b"]);
    const { messages } = await store.claim({ queue: "q", max: 2, leaseMs: 3_000, suspects: false });
    store.always("settle", async () => {
      await clock.sleep(300);
      if (store.isClosed) unavailable();
    });
    store.events?.deliver("q", messages.slice(0, 1), clock.monotonic());
    const closed = outcomeOf(connection.close());
    store.events?.deliver("q", messages.slice(1), clock.monotonic());
    await clock.advance(1_000);
    expect([closed.state, store.leased.size]).toEqual(["resolved", 0]);
  });

  it("of one consumer leaves the others alone", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    const first = await consume({ prefetch: 1 });
    store.put("q", ["a"]);
    await clock.advance(0);
    await first.close();
    expect([first.unsettled, store.ready.length]).toEqual([0, 1]);
    const second: string[] = [];
    await consume({ onDelivery: (delivery) => void second.push(idOf(delivery)) });
    expect([second, deliveries.length]).toEqual([["a"], 1]);
    await connection.close();
  });

  it("refuses everything afterwards", async () => {
    const { connection } = await engineBench();
    await connection.close();
    const calls = [
      connection.publish([]),
      connection.declare({}),
      connection.consume({ queue: "q", prefetch: 1, onDelivery: () => {} }),
      connection.admin.list(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("does not wait for the grace when the last publish has run out of time", async () => {
    const { connection, store, clock } = await engineBench();
    store.always("open", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    const published = outcomeOf(connection.publish([messageOf("a")], { timeoutMs: 1_000 }));
    const closed = outcomeOf(connection.close({ graceMs: 60_000 }));
    await clock.advance(999);
    expect([published.state, closed.state]).toEqual(["pending", "pending"]);
    await clock.advance(1);
    expect([published.state, closed.state]).toEqual(["TRANSPORT_UNAVAILABLE", "resolved"]);
  });
});
