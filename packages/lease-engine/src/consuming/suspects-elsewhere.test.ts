import { TransportUnavailableError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, idOf, outcomeOf } from "../test-support/engine-bench.ts";

describe("suspects that another process runs meanwhile", () => {
  it("hold ordinary work back no longer than until that is seen", async () => {
    const { connection, store, clock, deliveries, takeSuspect } = await drained();
    takeSuspect();
    store.put("q", ["a"]);
    await clock.advance(1_000);
    expect(deliveries.map(idOf)).toEqual(["long", "a"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("nor when drains have grown long", async () => {
    const { connection, store, clock, deliveries, takeSuspect } = await drained();
    // In vain: 2, 4, 8, 16, 32 and 64 s, each with four times as long between.
    await clock.advance(630_000);
    store.put("q", ["none"]);
    await clock.advance(10_000);
    expect(deliveries.map(idOf)).toEqual(["long"]);
    takeSuspect();
    store.put("q", ["a"]);
    await clock.advance(2_500);
    expect(deliveries.map(idOf)).toEqual(["long", "a"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("hold it back for as long as before where nobody can tell", async () => {
    const { connection, store, clock, deliveries, takeSuspect } = await drained();
    store.suspectsWait = () => Promise.reject(new TransportUnavailableError("away"));
    takeSuspect();
    store.put("q", ["a"]);
    await clock.advance(1_800);
    expect(deliveries.map(idOf)).toEqual(["long"]);
    await clock.advance(200);
    expect(deliveries.map(idOf)).toEqual(["long", "a"]);
    await connection.close();
  });

  it("leave no timer behind when the answer to that comes after the close", async () => {
    const { connection, store, clock } = await drained();
    const gate = Promise.withResolvers<boolean>();
    store.suspectsWait = () => gate.promise;
    await clock.advance(1_000);
    const closed = outcomeOf(connection.close());
    await clock.advance(1_000);
    gate.resolve(true);
    await clock.advance(0);
    expect([closed.state, clock.pending]).toEqual(["resolved", 0]);
  });
});

/** Holds "long" for good, and has one slot more. */
async function drained() {
  const bench = await engineBench();
  const { store, consume, clock } = bench;
  store.suspectsWait = async (queue) => store.ready.some((item) => item.queue === queue && item.isSuspect);
  store.put("q", ["long"]);
  await consume({ prefetch: 2 });
  store.put("q", ["suspect"], { losses: 2 });
  await clock.advance(100);
  const takeSuspect = (): void => void store.ready.splice(0);
  return { ...bench, takeSuspect };
}
