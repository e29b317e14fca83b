import type { VirtualClock } from "@lovage/foundation";
import { TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang, idOf, messageOf, outcomeOf, unavailable } from "./test-support/engine-bench.ts";
import { FreezableClock } from "./test-support/freezable-clock.ts";

describe("renewal", () => {
  it("keeps what is held for as long as it runs", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    await clock.advance(60_000);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    const renewals = store.callsOf("extend").length;
    expect(renewals).toBeGreaterThanOrEqual(50);
    expect(renewals).toBeLessThanOrEqual(90);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("costs nothing for what is settled before its lease has grown old", async () => {
    const { consume, store, connection, clock } = await engineBench();
    await consume({ onDelivery: (delivery) => void delivery.ack() });
    for (let second = 0; second < 20; second += 1) {
      store.put("q", ["a", "b"]);
      await clock.advance(1_000);
    }
    expect(store.callsOf("extend")).toEqual([]);
    await connection.close();
  });

  it("comes to renew leases of different ages together", async () => {
    const { consume, store, connection, clock } = await engineBench();
    await consume();
    for (let at = 0; at < 8; at += 1) {
      store.put("q", [`m${at}`]);
      await clock.advance(110);
    }
    await clock.advance(5_000);
    const before = store.callsOf("extend").length;
    await clock.advance(10_000);
    expect(store.callsOf("extend").length - before).toBeLessThanOrEqual(20);
    await connection.close();
  });

  it("aborts the signal of a lost lease, and makes room for another message", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    const consumer = await consume({ prefetch: 1 });
    const [first] = deliveries;
    store.steal({ id: 1, fence: first?.fence ?? 0 });
    await clock.advance(1_500);
    expect(first?.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect([deliveries.length, consumer.unsettled]).toEqual([2, 1]);
    await expect(first?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await connection.close();
  });

  it("gives a lease up at its end when it cannot be confirmed", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    const consumer = await consume();
    store.always("extend", hang);
    await clock.advance(2_999);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await clock.advance(251);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    expect(consumer.unsettled).toBe(0);
    await connection.close();
  });

  it("does not take a lease for lost whose settlement the store has just recorded", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    const [delivery] = deliveries;
    const answer = Promise.withResolvers<void>();
    const settle = store.settle.bind(store);
    store.settle = async (...args) => {
      const lost = await settle(...args);
      await answer.promise;
      return lost;
    };
    const acked = outcomeOf(delivery?.ack() ?? hang());
    await clock.advance(2_000);
    expect(store.callsOf("extend").length).toBeGreaterThan(0);
    answer.resolve();
    await clock.advance(0);
    expect([acked.state, delivery?.signal.aborted]).toEqual(["resolved", false]);
    await connection.close();
  });

  it("asks before it gives up when this process stood still, and works on if nobody took the message", async () => {
    const { bench, own } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("sweep", hang);
    own().freeze();
    await clock.advance(10_000);
    own().thaw();
    await clock.advance(1_000);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await deliveries[0]?.ack();
    await connection.close();
  });

  it("aborts within a second of its waking what was taken by others while this process stood still", async () => {
    const { bench, own } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    own().freeze();
    await clock.advance(4_000);
    store.steal({ id: 1, fence: deliveries[0]?.fence ?? 0 });
    await clock.advance(6_000);
    own().thaw();
    await clock.advance(1_000);
    expect(deliveries[0]?.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    await connection.close();
  });

  it("aborts within a second of its waking when the store is silent then", async () => {
    const { bench, own } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("extend", hang);
    own().freeze();
    await clock.advance(10_000);
    own().thaw();
    await clock.advance(1_000);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    await connection.close();
  });
});

/** A bench with a clock that can be frozen, and one message held. */
async function frozenBench(): Promise<{
  readonly bench: Awaited<ReturnType<typeof engineBench>>;
  readonly own: () => FreezableClock;
}> {
  let own: FreezableClock | undefined;
  const clockOf = (clock: VirtualClock): FreezableClock => (own ??= new FreezableClock(clock));
  const bench = await engineBench({ clockOf });
  bench.store.put("q", ["a"]);
  await bench.consume({ prefetch: 1 });
  return { bench, own: () => own ?? clockOf(bench.clock) };
}

describe("sweeping", () => {
  it("happens only while something is consumed, and by the strictest consumer of a queue", async () => {
    const { connection, consume, store, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    await clock.advance(5_000);
    expect(store.callsOf("sweep")).toEqual([]);
    const first = await consume({ maxDeliveries: 5 });
    await consume({ queue: "q.dead", maxDeliveries: 1 });
    await clock.advance(600);
    expect(store.callsOf("sweep").slice(0, 3)).toEqual([
      [["q"], 4],
      [["r"], 2],
      [["q.dead"], 1],
    ]);
    await first.close();
    await clock.advance(600);
    expect(store.callsOf("sweep").at(-2)).toEqual([["q", "r"], 2]);
    await connection.close();
  });

  it("goes on at once while steps are full", async () => {
    const { connection, consume, store, clock } = await engineBench();
    let left = 5;
    const sweep = store.sweep.bind(store);
    store.sweep = async (request) => {
      await sweep(request);
      left -= 1;
      return { recovered: 1_000, more: left > 0 };
    };
    await consume();
    await clock.advance(110);
    expect(store.callsOf("sweep").length).toBe(5);
    await connection.close();
  });
});

describe("reconnecting", () => {
  it("opens the store again, declares everything, finds lost leases and claims on", async () => {
    const { connection, consume, store, deliveries, states, clock } = await engineBench();
    store.put("q", ["a", "b"]);
    await consume({ prefetch: 2 });
    let isAway = true;
    store.always("open", () => (isAway ? unavailable() : undefined));
    store.events?.lost(new TransportUnavailableError("gone"));
    expect(connection.state).toBe("reconnecting");
    store.steal({ id: 1, fence: deliveries[0]?.fence ?? 0 });
    await clock.advance(500);
    expect(states).toEqual(["reconnecting"]);
    isAway = false;
    await clock.advance(2_000);
    expect(states).toEqual(["reconnecting", "open"]);
    expect(store.callsOf("declare")).toEqual([[["q"]], [["q"]]]);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    expect(deliveries.map(idOf)).toEqual(["a", "b", "a"]);
    await connection.close();
  });

  it("tries at most every 30 s, however long the store is away, and writes one line per change", async () => {
    const { connection, store, states, clock } = await engineBench();
    store.always("open", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(600_000);
    const tries = store.callsOf("open").length;
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(120);
    store.always("open", undefined);
    await clock.advance(30_000);
    expect(states).toEqual(["reconnecting", "open"]);
    await connection.close();
  });

  it("is begun by a call that finds the store unavailable", async () => {
    const { connection, store, states, clock } = await engineBench();
    store.next("declare", unavailable);
    await expect(connection.declare({ queues: [{ name: "r" }] })).rejects.toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
    });
    expect(connection.state).toBe("reconnecting");
    await clock.advance(1_000);
    expect(states).toEqual(["reconnecting", "open"]);
    await connection.close();
  });

  it("goes on when the store is lost again in the middle of it", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    await consume();
    store.next("declare", () => store.events?.lost(new TransportUnavailableError("gone again")));
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(2_000);
    expect(store.callsOf("open").length).toBe(3);
    store.put("q", ["a"]);
    await clock.advance(0);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
  });

  it("takes up claims whose answers were lost with the connection", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.next("claim", hang);
    await consume();
    store.put("q", ["a"]);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });
});

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
});
