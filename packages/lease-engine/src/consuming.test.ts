import { LovageError } from "@lovage/foundation";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ClaimRequest } from "./store.ts";
import { engineBench, hang, idOf, messageOf, outcomeOf, unavailable } from "./test-support/engine-bench.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe("claiming", () => {
  it("has its consumer before the first delivery", async () => {
    const { connection, store } = await engineBench();
    store.put("q", ["a"]);
    let isThere = false;
    const seen: boolean[] = [];
    const consumer = await connection.consume({ queue: "q", prefetch: 1, onDelivery: () => seen.push(isThere) });
    isThere = consumer.queue === "q";
    await connection.close();
    expect(seen.every(Boolean)).toBe(true);
  });

  it("asks for no more than its free prefetch, and again once about half is free", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ids(30));
    await consume({ prefetch: 10 });
    const claims = (): number[] => store.callsOf("claim").map(([request]) => (request as ClaimRequest).max);
    expect([claims(), deliveries.length]).toEqual([[10], 10]);
    await Promise.all(deliveries.slice(0, 4).map((delivery) => delivery.ack()));
    expect(claims()).toEqual([10]);
    await deliveries[4]?.ack();
    await clock.advance(0);
    expect([claims(), deliveries.length]).toEqual([[10, 5], 15]);
    await connection.close();
  });

  it("does not leave a free slot idle while slow tasks hold the others", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ids(30));
    await consume({ prefetch: 10 });
    await deliveries[0]?.ack();
    await clock.advance(5);
    expect(deliveries.length).toBe(11);
    await connection.close();
  });

  it("sleeps after an empty claim, without asking again, until it is woken", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    await consume();
    await clock.advance(60_000);
    expect(store.callsOf("claim").length).toBe(1);
    store.put("q", ["a"]);
    await clock.advance(0);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
  });

  it("claims again when a wake-up came while it was asking", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.next("claim", () => gate.promise);
    store.next("claim", () => undefined);
    await consume();
    store.events?.wake("q");
    gate.resolve();
    await clock.advance(0);
    expect(store.callsOf("claim").length).toBe(2);
    expect(deliveries).toEqual([]);
    await connection.close();
  });

  it("polls a store without reliable wake-ups ever more rarely, up to the fallback", async () => {
    const { consume, store, connection, clock } = await engineBench({ facts: { fallbackPollMs: 1_000 } });
    await consume();
    const countIn = async (ms: number): Promise<number> => {
      const before = store.callsOf("claim").length;
      await clock.advance(ms);
      return store.callsOf("claim").length - before;
    };
    expect(await countIn(1_000)).toBeGreaterThan(2);
    await clock.advance(10_000);
    expect(await countIn(10_000)).toBe(10);
    await connection.close();
  });

  it("looks when the next delayed message is due, however far that is", async () => {
    const { consume, store, connection, clock } = await engineBench();
    const tenYearsMs = 315_576_000_000;
    const claim = store.claim.bind(store);
    store.claim = async (request) => ({ ...(await claim(request)), nextDueInMs: tenYearsMs });
    const consumer = await consume();
    await consumer.close();
    const again = await consume();
    const before = store.callsOf("claim").length;
    expect(clock.pending).toBeGreaterThan(0);
    await again.close();
    await clock.advance(0);
    expect(store.callsOf("claim").length).toBe(before);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("does not go round in circles with a store that calls a message due and does not give it", async () => {
    const { consume, store, connection, clock } = await engineBench();
    const claim = store.claim.bind(store);
    store.claim = async (request) => ({ ...(await claim(request)), nextDueInMs: 0 });
    await consume();
    await clock.advance(100);
    expect(store.callsOf("claim").length).toBeLessThanOrEqual(102);
    await connection.close();
  });

  it("tries again with growing waits when the store fails, and goes on", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    store.always("claim", () => {
      throw new LovageError("no", { code: "STRANGE" });
    });
    await consume();
    await clock.advance(60_000);
    expect(store.callsOf("claim").length).toBeLessThan(15);
    store.always("claim", undefined);
    await clock.advance(30_000);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
  });

  it("declares a queue again that the store does not know any more", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a"]);
    store.next("claim", () => {
      throw new LovageError("gone", { code: "QUEUE_NOT_FOUND" });
    });
    await consume();
    await clock.advance(1_000);
    expect(store.callsOf("declare").length).toBe(2);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    await connection.close();
  });

  it("serves several consumers of one queue in turns", async () => {
    const { consume, store, connection, clock } = await engineBench();
    const counts = [0, 0, 0];
    for (const index of counts.keys()) {
      await consume({
        onDelivery: (delivery) => {
          counts[index] = (counts[index] ?? 0) + 1;
          void delivery.ack();
        },
      });
    }
    for (const id of ids(30)) {
      store.put("q", [id]);
      await clock.advance(1);
    }
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(9);
    await connection.close();
  });

  it("never holds more than its prefetch, whatever is settled, lost, handed over or changed meanwhile", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom("ack", "release", "steal", "crash"), at: fc.nat(20) }),
      fc.record({ kind: fc.constantFrom("put", "handOver", "prefetch", "pass"), at: fc.nat(6) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { connection, store, clock } = await engineBench({ facts: { handsOver: true, maxBatch: 7 } });
        const held = new Set<Parameters<Parameters<typeof connection.consume>[0]["onDelivery"]>[0]>();
        let worst = 0;
        const consumer = await connection.consume({
          queue: "q",
          prefetch: 3,
          maxDeliveries: 1_000,
          onDelivery: (delivery) => {
            held.add(delivery);
            worst = Math.max(worst, consumer.unsettled - consumer.prefetch);
          },
        });
        const pick = (at: number): (typeof held extends Set<infer D> ? D : never) | undefined =>
          [...held][at % Math.max(1, held.size)];
        for (const { kind, at } of steps) {
          const delivery = pick(at);
          if (kind === "put") store.put("q", ids(at));
          else if (kind === "prefetch") consumer.setPrefetch(at);
          else if (kind === "pass") await clock.advance(at * 400);
          else if (kind === "handOver") {
            const claimed = await store.claim({ queue: "q", max: at + 1, leaseMs: 3_000, suspects: false });
            if (claimed.messages.length > 0) store.events?.deliver("q", claimed.messages);
          } else if (delivery !== undefined) {
            if (kind === "steal") store.steal({ id: Number(delivery.token.split("/")[1]), fence: delivery.fence });
            else if (kind === "ack") delivery.ack().catch(() => {});
            else if (kind === "release") delivery.release().catch(() => {});
            held.delete(delivery);
          }
          await clock.advance(1);
        }
        expect(worst).toBeLessThanOrEqual(0);
        await connection.close();
        // Whoever closed gave back all it had.
        expect(store.leased.size).toBe(0);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("gives back what the store hands over and nobody can take", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench({ facts: { handsOver: true } });
    const consumer = await consume({ prefetch: 2 });
    consumer.setPrefetch(0);
    store.put("q", ["a", "b"]);
    const { messages } = await store.claim({ queue: "q", max: 2, leaseMs: 3_000, suspects: false });
    store.events?.deliver("q", messages);
    await clock.advance(0);
    expect([deliveries.length, store.leased.size, store.ready.length]).toEqual([0, 0, 2]);
    await connection.close();
  });

  it("goes on with the rest of a batch when a consumer throws on a delivery, and gives that one back", async () => {
    const { consume, store, connection, clock } = await engineBench();
    const seen: string[] = [];
    store.put("q", ["a", "b"]);
    await consume({
      prefetch: 2,
      onDelivery: (delivery) => {
        seen.push(idOf(delivery));
        if (seen.length === 1) throw new Error("a bug");
        void delivery.ack();
      },
    });
    await clock.advance(10);
    expect(seen.slice(0, 2)).toEqual(["a", "b"]);
    expect(store.leased.size).toBe(0);
    await connection.close();
  });

  it("lets timers and sockets have their turn while a store in memory never stops giving", async () => {
    const { connection, store } = await engineBench();
    let count = 0;
    let isOver = false;
    setImmediate(() => (isOver = true));
    const consumer = await connection.consume({
      queue: "q",
      prefetch: 1,
      onDelivery: (delivery) => {
        count += 1;
        if (!isOver && count < 100_000) store.put("q", [`m${count}`]);
        void delivery.ack();
      },
    });
    store.put("q", ["first"]);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(count).toBeLessThan(100_000);
    await consumer.close();
    await connection.close();
  });
});

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
});

describe("settling", () => {
  it("sends a lone settlement in the same tick, and joins those that come before it returns", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(5));
    await consume();
    await Promise.all(deliveries.map((delivery) => delivery.ack()));
    expect(store.callsOf("settle").map(([, settlements]) => (settlements as unknown[]).length)).toEqual([1, 4]);
    await connection.close();
  });

  it("takes one ack, release or reject", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ["a"]);
    await consume();
    const [delivery] = deliveries;
    const codes = await Promise.all(
      [delivery?.ack(), delivery?.ack(), delivery?.reject({ reason: "no" })].map((each) =>
        each?.then(
          () => "ok",
          (error: LovageError) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(["ok", "DELIVERY_SETTLED", "DELIVERY_SETTLED"]);
    await connection.close();
  });

  it("tells each settlement of a batch whether its own lease was lost", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ids(3));
    const consumer = await consume();
    store.steal({ id: 2, fence: deliveries[1]?.fence ?? 0 });
    consumer.setPrefetch(0);
    const codes = await Promise.all(
      deliveries.map((delivery) =>
        delivery.ack().then(
          () => "ok",
          (error: LovageError) => error.code,
        ),
      ),
    );
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
    const codes = await Promise.all(
      deliveries.map((delivery) =>
        delivery.ack().then(
          () => "ok",
          (error: LovageError) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(["ok", "ok", "TRANSPORT_REJECTED", "ok"]);
    expect(consumer.unsettled).toBe(1);
    store.always("settle", undefined);
    await deliveries[2]?.reject({ reason: "failed" });
    expect(consumer.unsettled).toBe(0);
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
