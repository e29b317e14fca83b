import type { Delivery } from "@lovage/transport";
import { expect, it } from "vitest";

import { engineBench, idOf, messageOf, outcomeOf, unavailable } from "./test-support/engine-bench.ts";
import type { ClaimRequest } from "./store.ts";

const queueOf = (first: unknown): unknown => (typeof first === "string" ? first : (first as ClaimRequest).queue);

it.each(["extend", "claim", "settle"] as const)(
  "a queue for which %s finds its part of the store away costs the others nothing",
  async (method) => {
    const { connection, store, clock } = await engineBench();
    const lost: string[] = [];
    const held = new Map<string, Delivery>();
    for (const queue of ["a", "b"]) {
      await connection.declare({ queues: [{ name: queue }] });
      store.put(queue, [queue]);
      const onDelivery = (delivery: Delivery): void => {
        held.set(idOf(delivery), delivery);
        delivery.signal.addEventListener("abort", () => lost.push(idOf(delivery)));
      };
      await connection.consume({ queue, prefetch: 10, onDelivery });
    }
    await clock.advance(10);
    store.always(method, (first) => (queueOf(first) === "a" ? unavailable() : undefined));
    const settled = held.get("a")?.ack();
    if (method === "settle") settled?.catch(() => {});
    else await settled;
    store.put("a", ["a1"]);
    const openings = store.callsOf("open").length;
    for (let second = 0; second < 60; second += 1) {
      store.put("a", [`a-${second}`]);
      await clock.advance(1_000);
      const published = outcomeOf(connection.publish([messageOf(`b-${second}`, { to: "b" })]));
      await clock.advance(500);
      expect([second, published.state]).toEqual([second, "resolved"]);
    }
    expect(lost.filter((id) => id.startsWith("b"))).toEqual([]);
    // Now and then, in case that the store has to be opened again: twice in a lease.
    expect(store.callsOf("open").length - openings).toBeLessThanOrEqual(70);
    const closed = connection.close();
    await clock.advance(2_000);
    await closed;
  },
);
