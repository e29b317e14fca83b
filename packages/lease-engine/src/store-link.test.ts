import { TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang, idOf, unavailable } from "./test-support/engine-bench.ts";

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
