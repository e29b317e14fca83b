import { LovageError } from "@lovage/foundation";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ClaimRequest } from "../store.ts";
import { engineBench, idOf } from "../test-support/engine-bench.ts";

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
    expect(store.callsOf("claim").length).toBeLessThan(35);
    store.always("claim", undefined);
    await clock.advance(5_000);
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
            if (claimed.messages.length > 0) store.events?.deliver("q", claimed.messages, clock.monotonic());
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
    store.events?.deliver("q", messages, clock.monotonic());
    await clock.advance(0);
    expect([deliveries.length, store.leased.size, store.ready.length]).toEqual([0, 0, 2]);
    await connection.close();
  });

  it("gives back what came after its leases had ended, and does not start work that may be another's by then", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.put("q", ["a", "b"]);
    const claim = store.claim.bind(store);
    // As an answer that lies in the socket while the event loop is blocked.
    store.claim = async (request) => {
      const found = await claim(request);
      store.claim = claim;
      await clock.sleep(3_000);
      return found;
    };
    await consume({ prefetch: 2 });
    await clock.advance(2_999);
    expect(store.settled).toEqual([]);
    await clock.advance(1);
    expect(store.settled.map(({ kind }) => kind)).toEqual(["release", "release"]);
    // Nobody had taken them meanwhile: they come again, with leases that hold.
    expect(deliveries.map(idOf)).toEqual(["a", "b"]);
    expect(deliveries.map(({ count }) => count)).toEqual([1, 1]);
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
