import { LovageError } from "@lovage/foundation";
import { TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { ClaimRequest } from "../store.ts";
import { engineBench, hang, idOf, outcomeOf } from "../test-support/engine-bench.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe("suspects", () => {
  it("are claimed only when nothing else is unsettled on the connection, and run alone", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    store.put("r", ["c"]);
    await consume({ queue: "r", prefetch: 2 });
    store.put("q", ["a", "b"]);
    store.put("q", ["suspect"], { losses: 2 });
    await consume({ prefetch: 2 });
    await clock.advance(100);
    expect(deliveries.map(idOf)).toEqual(["c", "a", "b"]);
    store.put("r", ["d"]);
    await Promise.all(deliveries.map((delivery) => delivery.ack()));
    await clock.advance(100);
    expect(deliveries.slice(3).map(idOf)).toEqual(["suspect"]);
    await deliveries[3]?.ack();
    await clock.advance(100);
    expect(deliveries.slice(4).map(idOf)).toEqual(["d"]);
    await connection.close();
  });

  it("and ordinary work take turns", async () => {
    const { connection, consume, store, clock } = await engineBench();
    const seen: string[] = [];
    store.put("q", ids(20));
    store.put("q", ["s1", "s2", "s3"], { losses: 2 });
    await consume({
      prefetch: 5,
      onDelivery: (delivery) => {
        seen.push(idOf(delivery));
        void delivery.ack();
      },
    });
    await clock.advance(100);
    expect(seen.length).toBe(23);
    expect(seen.findIndex((id) => id === "s1")).toBeLessThanOrEqual(5);
    expect(seen.findIndex((id) => id === "s3")).toBeLessThan(20);
    await connection.close();
  });

  it("hold ordinary work back for a moment only while a long task runs, and get their turn after it", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["long"]);
    await consume({ prefetch: 2 });
    await clock.advance(10);
    store.put("q", ["a"]);
    store.put("q", ["suspect"], { losses: 2 });
    await clock.advance(10);
    store.put("q", ["b"]);
    await deliveries[1]?.ack();
    await clock.advance(1_500);
    expect(deliveries.map(idOf)).toEqual(["long", "a"]);
    await clock.advance(1_000);
    expect(deliveries.map(idOf)).toEqual(["long", "a", "b"]);
    await Promise.all([deliveries[0]?.ack(), deliveries[2]?.ack()]);
    await clock.advance(20_000);
    expect(deliveries.slice(3).map(idOf)).toEqual(["suspect"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("stay alone when the store was away and comes back", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["suspect"], { losses: 2 });
    await consume({ prefetch: 2 });
    await clock.advance(100);
    store.put("q", ["a"]);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    expect([connection.state, ...deliveries.map(idOf)]).toEqual(["open", "suspect"]);
    await deliveries[0]?.ack();
    await clock.advance(100);
    expect(deliveries.map(idOf)).toEqual(["suspect", "a"]);
    await connection.close();
  });

  it("of which another process was faster do not make it ask in circles", async () => {
    const { connection, consume, store, clock } = await engineBench();
    const claim = store.claim.bind(store);
    store.claim = async (request) => ({ ...(await claim(request)), suspectsWait: true });
    await consume();
    const before = store.callsOf("claim").length;
    await clock.advance(10_000);
    expect(store.callsOf("claim").length - before).toBeLessThan(60);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("of which another process was faster cost ordinary work a fifth of its time at most", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    const claim = store.claim.bind(store);
    store.claim = async (request) => ({ ...(await claim(request)), suspectsWait: true });
    store.put("q", ["long"]);
    await consume({ prefetch: 2 });
    await clock.advance(1_500);
    await deliveries[0]?.ack();
    store.put("q", ["longer"]);
    for (let second = 1; second <= 5; second += 1) {
      await clock.advance(1_000);
      store.put("q", [`m${second}`]);
      await clock.advance(10);
      expect(deliveries.map(idOf).at(-1)).toBe(`m${second}`);
      await deliveries.at(-1)?.ack();
    }
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("do not wait for a claim that had not begun when room was made for them", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    const gate = Promise.withResolvers<void>();
    await consume();
    store.always("claim", (request) => ((request as ClaimRequest).queue === "r" ? gate.promise : undefined));
    await consume({ queue: "r" });
    // Every so many claims one waits for the next turn of the event loop.
    for (let claim = store.callsOf("claim").length; claim < 32; claim += 1) {
      store.events?.wake("q");
      await clock.advance(0);
    }
    store.put("r", ["suspect"], { losses: 2 });
    store.put("q", ["a"]);
    gate.resolve();
    await clock.advance(10);
    expect(deliveries.map(idOf)).toEqual(["suspect"]);
    await deliveries[0]?.ack();
    await clock.advance(10);
    expect(deliveries.map(idOf)).toEqual(["suspect", "a"]);
    await connection.close();
  });

  it("that were lost as often as allowed are rejected as poison, without being handed out", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["poison"], { losses: 3 });
    await consume();
    await clock.advance(10);
    expect(deliveries).toEqual([]);
    expect(store.settled).toMatchObject([{ kind: "reject", count: 4, reason: { reason: "poison" } }]);
    await connection.close();
  });

  it("go to whoever wants to settle them", async () => {
    const { connection, consume, store, clock } = await engineBench();
    store.put("q", ["poison"], { losses: 3 });
    await consume({ onExhausted: (delivery) => void delivery.ack() });
    await clock.advance(10);
    expect(store.settled).toMatchObject([{ kind: "ack" }]);
    await connection.close();
  });

  it("do not stop ordinary work when the store never answers the question for one", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["suspect"], { losses: 2 });
    store.always("claim", (request) => ((request as ClaimRequest).suspects ? hang() : undefined));
    await consume();
    store.put("q", ["a"]);
    store.events?.lost(new LovageError("gone", { code: "TRANSPORT_UNAVAILABLE", retryable: true }));
    await clock.advance(1_000);
    store.always("claim", undefined);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
  });

  it("that are on their way when the connection is closed are given back, and not charged", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["suspect"], { losses: 2 });
    const gate = Promise.withResolvers<void>();
    store.always("claim", (request) => ((request as ClaimRequest).suspects ? gate.promise : undefined));
    await consume();
    const closed = outcomeOf(connection.close());
    await clock.advance(10);
    gate.resolve();
    await clock.advance(10);
    expect([closed.state, deliveries.length, store.leased.size, store.ready.length]).toEqual(["resolved", 0, 0, 1]);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  it("leave no timer behind when the question for one fails after the close", async () => {
    const { connection, consume, store, clock } = await engineBench();
    store.put("q", ["suspect"], { losses: 2 });
    const gate = Promise.withResolvers<void>();
    store.always("claim", (request) => ((request as ClaimRequest).suspects ? gate.promise : undefined));
    await consume();
    const closed = outcomeOf(connection.close());
    await clock.advance(1_000);
    gate.reject(new TransportUnavailableError("closed"));
    await clock.advance(0);
    expect([closed.state, clock.pending]).toEqual(["resolved", 0]);
  });

  it("go back when the store gives them after it was away, since ordinary work goes on by then", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["suspect"], { losses: 2 });
    const gate = Promise.withResolvers<void>();
    store.next("claim", () => undefined);
    store.next("claim", () => gate.promise);
    await consume();
    store.put("q", ["a"]);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    gate.resolve();
    await clock.advance(10);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await deliveries[0]?.ack();
    await clock.advance(2_000);
    expect(deliveries.map((delivery) => [idOf(delivery), delivery.count])).toEqual([
      ["a", 1],
      ["suspect", 3],
    ]);
    await connection.close();
  });

  it("stay alone when the store then answers an earlier claim", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.next("claim", () => gate.promise);
    await consume();
    store.put("q", ["suspect"], { losses: 2 });
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    store.put("q", ["a"]);
    gate.resolve();
    await clock.advance(10);
    expect(deliveries.map(idOf)).toEqual(["suspect"]);
    await deliveries[0]?.ack();
    await clock.advance(10);
    expect(deliveries.map(idOf)).toEqual(["suspect", "a"]);
    await connection.close();
  });

  it("that nobody can run let a consumer go on at the end of a failed claim, which asks once at a time then", async () => {
    const { connection, consume, store, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    const gate = Promise.withResolvers<void>();
    let underWay = 0;
    let most = 0;
    store.always("claim", async (request) => {
      if ((request as ClaimRequest).queue !== "q") return;
      underWay += 1;
      most = Math.max(most, underWay);
      await (underWay === 1 && store.callsOf("claim").length === 1 ? gate.promise : clock.sleep(60_000)).finally(
        () => (underWay -= 1),
      );
    });
    await consume();
    store.put("r", ["suspect"], { losses: 2 });
    const other = await consume({ queue: "r" });
    // The gate waits for the claim, and finds nobody to run the suspect then.
    other.setPrefetch(0);
    gate.reject(new LovageError("no", { code: "STRANGE" }));
    await clock.advance(30_000);
    expect([
      store.callsOf("claim").filter(([request]) => (request as ClaimRequest).queue === "q").length,
      most,
    ]).toEqual([2, 1]);
    await clock.advance(60_000);
    await connection.close();
  });
});
