import { silentLog, type Clock, type Log } from "@lovage/foundation";
import { TopologyMismatchError, TransportBusyError, TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang, idOf, outcomeOf, unavailable } from "./test-support/engine-bench.ts";

describe("reconnecting", () => {
  it("opens the store again, declares everything, finds lost leases and claims on", async () => {
    const { connection, consume, store, deliveries, states, clock } = await engineBench();
    store.put("q", ["a", "b"]);
    await consume({ prefetch: 2 });
    // By number, not by time: the waits between attempts are random, and the last of them may be longer than the leases hold.
    for (let attempt = 0; attempt < 3; attempt += 1) store.next("open", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    expect(connection.state).toBe("reconnecting");
    store.steal({ id: 1, fence: deliveries[0]?.fence ?? 0 });
    await clock.advance(1_000);
    expect(store.callsOf("open").length).toBe(5);
    expect(states).toEqual(["reconnecting", "open"]);
    expect(store.callsOf("declare")).toEqual([[["q"]], [["q"]]]);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    expect(deliveries.map(idOf)).toEqual(["a", "b", "a"]);
    await connection.close();
  });

  it("tries at least every 5 s, and not all the time, however long the store is away", async () => {
    const { connection, store, states, clock } = await engineBench();
    store.always("open", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(600_000);
    const tries = store.callsOf("open").length;
    expect(tries).toBeGreaterThan(120);
    expect(tries).toBeLessThan(480);
    store.always("open", undefined);
    await clock.advance(5_000);
    expect(states).toEqual(["reconnecting", "open"]);
    await connection.close();
  });

  it("has the store again within 5 s of an outage that the leases can outlive, whatever the jitter", async () => {
    const { connection, store, clock } = await engineBench();
    // The waits are random: one outage alone would end well by chance.
    for (let outage = 0; outage < 20; outage += 1) {
      store.always("open", unavailable);
      store.events?.lost(new TransportUnavailableError("gone"));
      await clock.advance(20_000);
      store.always("open", undefined);
      await clock.advance(5_000);
      expect(connection.state).toBe("open");
    }
    await connection.close();
  });

  it("is begun by the calls of a second outage too, however long leases are", async () => {
    const { connection, consume, store, clock } = await engineBench({
      lease: 3_600_000,
      facts: { fallbackPollMs: 1_000 },
    });
    await consume();
    for (let outage = 0; outage < 2; outage += 1) {
      for (const method of ["claim", "open"] as const) store.always(method, unavailable);
      await clock.advance(20_000);
      expect(connection.state).toBe("reconnecting");
      for (const method of ["claim", "open"] as const) store.always(method, undefined);
      await clock.advance(60_000);
      expect(connection.state).toBe("open");
    }
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

  it("is not begun by a store that is too busy, which is told once a minute", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    const { connection, consume, store, deliveries, states, clock } = await engineBench({ log });
    store.put("q", ["a"]);
    await consume();
    store.always("settle", () => {
      throw new TransportBusyError("Throttled.");
    });
    const settled = outcomeOf(deliveries[0]!.ack());
    await clock.advance(90_000);
    expect([settled.state, states]).toEqual(["pending", []]);
    expect(warnings).toEqual(Array(2).fill("The broker puts off a call; it is tried again."));
    store.always("settle", undefined);
    await clock.advance(2_000);
    expect(settled.state).toBe("resolved");
    await connection.close();
  });

  it("is not begun by a part of the store that is away, nor held up by it", async () => {
    const { connection, consume, store, states, deliveries, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "moving" }] });
    await consume();
    store.always("declare", (names) => {
      if ((names as readonly string[]).includes("moving")) move();
    });
    await expect(connection.declare({ queues: [{ name: "moving" }] })).rejects.toMatchObject({ retryable: true });
    expect(connection.state).toBe("open");
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(1_000);
    expect(states).toEqual(["reconnecting", "open"]);
    store.put("q", ["a"]);
    await clock.advance(1_000);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    store.events?.lost(new TransportUnavailableError("gone"));
    store.always("declare", move);
    await clock.advance(1_000);
    expect(connection.state).toBe("open");
    await connection.close();
  });

  describe("with queues apart", () => {
    const apart = { facts: { publishesApart: true } };

    it.each([
      ["is put off for long", (clock: Clock) => clock.sleep(22_000).then(move)],
      ["has no answer", hang],
      ["is away", unavailable],
    ])("is not held up by one whose declaration %s", async (_, declareSlow) => {
      const { connection, consume, store, states, deliveries, clock } = await engineBench(apart);
      await connection.declare({ queues: [{ name: "slow" }] });
      await consume();
      store.always("declare", (names) => (namesSlow(names) ? declareSlow(clock) : undefined));
      store.events?.lost(new TransportUnavailableError("gone"));
      store.put("q", ["a"]);
      await clock.advance(2_100);
      expect([states, deliveries.map(idOf)]).toEqual([["reconnecting", "open"], ["a"]]);
      await clock.advance(5_000);
      expect(states).toEqual(["reconnecting", "open"]);
      await connection.close();
    });

    it("leaves no timer behind when it is closed while it waits for one", async () => {
      const { connection, store, clock } = await engineBench(apart);
      await connection.declare({ queues: [{ name: "slow" }] });
      store.always("declare", (names) => (namesSlow(names) ? hang() : undefined));
      store.events?.lost(new TransportUnavailableError("gone"));
      await clock.advance(100);
      await connection.close();
      expect(clock.pending).toBe(0);
    });

    it.each([
      ["have no answer", hang],
      ["are away", async () => unavailable()],
    ])("is not held up by exchanges that %s", async (_, bindAgain) => {
      const binds: unknown[] = [];
      const bind = async (): Promise<void> => void (binds.push("bind") > 1 && (await bindAgain()));
      const { connection, store, states, clock } = await engineBench({
        ...apart,
        bindings: { bind, read: async () => undefined },
      });
      await connection.declare({ exchanges: [{ name: "news", type: "fanout" }] });
      store.events?.lost(new TransportUnavailableError("gone"));
      await clock.advance(2_100);
      expect([states, binds.length]).toEqual([["reconnecting", "open"], 2]);
      await connection.close();
      expect(clock.pending).toBe(0);
    });

    it("goes on while all are away", async () => {
      const { connection, store, states, clock } = await engineBench(apart);
      store.always("declare", unavailable);
      store.events?.lost(new TransportUnavailableError("gone"));
      await clock.advance(20_000);
      expect(states).toEqual(["reconnecting"]);
      store.always("declare", undefined);
      await clock.advance(5_000);
      expect(states).toEqual(["reconnecting", "open"]);
      await connection.close();
    });

    it("tells which of them cannot be declared", async () => {
      const { log, warnings } = warningsLog();
      const { connection, store, states, clock } = await engineBench({ ...apart, log });
      await connection.declare({ queues: [{ name: "reports" }] });
      store.always("declare", (names) => refuse(names, "reports"));
      store.events?.lost(new TransportUnavailableError("gone"));
      await clock.advance(1_000);
      expect(states).toEqual(["reconnecting", "open"]);
      expect(warnings.filter((text) => text.includes('"reports"'))).toHaveLength(1);
      await connection.close();
    });
  });

  it("is not held up by a queue whose leases the store lets wait", async () => {
    const { connection, consume, store, states, deliveries, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "slow" }] });
    store.put("slow", ["long"]);
    await consume({ queue: "slow" });
    await consume();
    store.always("extend", (queue) => (queue === "slow" ? hang() : undefined));
    store.events?.lost(new TransportUnavailableError("gone"));
    store.put("q", ["a"]);
    await clock.advance(2_100);
    expect([states, deliveries.map(idOf)]).toEqual([
      ["reconnecting", "open"],
      ["long", "a"],
    ]);
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

  it("goes on with the others when a queue cannot be declared again, and tells which", async () => {
    const { log, warnings } = warningsLog();
    const { connection, consume, store, deliveries, states, clock } = await engineBench({ log });
    await connection.declare({ queues: [{ name: "reports" }] });
    await consume();
    store.always("declare", (names) => refuse(names, "reports"));
    store.events?.lost(new TransportUnavailableError("gone"));
    store.put("q", ["a"]);
    await clock.advance(1_000);
    expect(states).toEqual(["reconnecting", "open"]);
    expect(deliveries.map(idOf)).toEqual(["a"]);
    expect(warnings.filter((text) => text.includes('"reports"'))).toHaveLength(1);
    await connection.close();
  });

  it("tries again while a queue cannot be declared for the moment", async () => {
    const { connection, consume, store, states, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "reports" }, { name: "slow" }] });
    await consume();
    let isSlow = true;
    store.always("declare", (names) => {
      refuse(names, "reports");
      if (isSlow && (names as readonly string[]).includes("slow")) unavailable();
    });
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(5_000);
    expect(states).toEqual(["reconnecting"]);
    isSlow = false;
    await clock.advance(5_000);
    expect(states).toEqual(["reconnecting", "open"]);
    await connection.close();
  });

  it("tells once why, when the store refuses all of it", async () => {
    const { log, warnings } = warningsLog();
    const { connection, store, states, clock } = await engineBench({ log });
    store.always("declare", (names) => refuse(names, "q"));
    store.events?.lost(new TransportUnavailableError("gone"));
    await clock.advance(60_000);
    expect(states).toEqual(["reconnecting"]);
    expect(warnings.filter((text) => text.includes("refused"))).toHaveLength(1);
    store.always("declare", undefined);
    await clock.advance(5_000);
    expect(states).toEqual(["reconnecting", "open"]);
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

function namesSlow(names: unknown): boolean {
  return (names as readonly string[]).includes("slow");
}

function move(): never {
  throw new TransportBusyError("The slot moves.");
}

function warningsLog(): { readonly log: Log; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  return { log: { ...silentLog, warn: (text) => void warnings.push(text) }, warnings };
}

/** As a store does that may not make the queue which somebody has deleted. */
function refuse(names: unknown, queue: string): void {
  if ((names as readonly string[]).includes(queue))
    throw new TopologyMismatchError(`There is no "${queue}".`, { queue });
}
