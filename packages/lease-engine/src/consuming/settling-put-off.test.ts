import { TransportBusyError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { Settlement } from "../store.ts";
import { engineBench, messageOf, outcomeOf, unavailable, type EngineBench } from "../test-support/engine-bench.ts";

interface BusyBench extends EngineBench {
  /** Queues that take nothing, and nothing may be settled with what goes there. */
  readonly busy: Set<string>;
  /** What each call was to settle. */
  calls(): readonly (readonly Settlement[])[];
  /** How many calls were under way at once. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

/** Holds the messages `a` to `e` of `q`, over a store whose queues may be put off each for itself. */
async function busyBench(): Promise<BusyBench> {
  const bench = await engineBench({ facts: { publishesApart: true } });
  const { connection, consume, store, clock } = bench;
  await connection.declare({ queues: [{ name: "busy" }, { name: "other" }] });
  store.put("q", ["a", "b", "c", "d", "e"]);
  const consumer = await consume();
  consumer.setPrefetch(0);
  const busy = new Set<string>();
  let [underWay, most] = [0, 0];
  store.always("settle", async (queue, settlements) => {
    most = Math.max(most, (underWay += 1));
    await clock.sleep(1);
    underWay -= 1;
    const targets = (settlements as Settlement[]).flatMap(({ followUps = [] }) => followUps.map(({ to }) => to));
    if ([String(queue), ...targets].some((each) => busy.has(each))) throw new TransportBusyError("Its node is away.");
  });
  const calls = (): readonly (readonly Settlement[])[] =>
    store.callsOf("settle").map(([, settlements]) => settlements as Settlement[]);
  const close = async (): Promise<void> => {
    const closing = connection.close({ graceMs: 500 });
    await clock.advance(2_000);
    await closing;
    expect(clock.pending).toBe(0);
  };
  return { ...bench, busy, calls, mostAtOnce: () => most, close };
}

const fencesOf = (settlements: readonly Settlement[]): readonly number[] => settlements.map(({ lease }) => lease.fence);

describe("settling what goes out with messages for a queue that is put off", () => {
  it("keeps nothing else waiting, with one call under way at a time", async () => {
    const { connection, deliveries, clock, busy, calls, mostAtOnce, close } = await busyBench();
    busy.add("busy");
    const [a, b, c, d, e] = deliveries;
    const late = outcomeOf(a!.ack([messageOf("x", { to: "busy" })]));
    const both = outcomeOf(b!.ack([messageOf("y", { to: "other" }), messageOf("z", { to: "busy" })]));
    const others = [c!.ack([messageOf("w", { to: "other" })]), d!.reject({ reason: "no" }, [messageOf("v")])];
    await clock.advance(20);
    await Promise.all(others);
    const plain = outcomeOf(e!.ack());
    await clock.advance(20);
    expect([late.state, both.state, plain.state, connection.isRepeating]).toEqual([
      "pending",
      "pending",
      "resolved",
      true,
    ]);
    const before = calls().length;
    // For longer than a lease, and a call a second or so: whole, without those that go nowhere else, and for each of two targets.
    await clock.advance(20_000);
    expect([late.state, both.state, mostAtOnce()]).toEqual(["pending", "pending", 1]);
    expect(calls().length - before).toBeLessThan(4 * 60);
    busy.clear();
    await clock.advance(1_100);
    expect([late.state, both.state, connection.isRepeating]).toEqual(["resolved", "resolved", false]);
    await close();
  });

  it("is asked for by the same objects each time, since the store may know by them what it has handed over", async () => {
    const { deliveries, clock, busy, calls, close } = await busyBench();
    busy.add("busy");
    const outcome = outcomeOf(deliveries[0]!.ack([messageOf("x", { to: "busy" })]));
    await clock.advance(5_000);
    expect(new Set(calls().flat()).size).toBe(1);
    busy.clear();
    await clock.advance(1_100);
    expect([outcome.state, new Set(calls().flat()).size]).toEqual(["resolved", 1]);
    await close();
  });

  it("ends when its lease does, and with the connection", async () => {
    const { connection, store, deliveries, clock, busy, close } = await busyBench();
    busy.add("busy");
    const [first, second] = deliveries;
    const lost = outcomeOf(first!.ack([messageOf("x", { to: "busy" })]));
    store.steal({ id: 1, fence: first!.fence });
    await clock.advance(5_000);
    expect([lost.state, connection.isRepeating]).toEqual(["LEASE_LOST", false]);
    const closed = outcomeOf(second!.ack([messageOf("y", { to: "busy" })]));
    await clock.advance(100);
    await close();
    expect(closed.state).toBe("LEASE_LOST");
  });

  it("comes before all else of its queue where that may be put off itself, since the store may have settled it without an answer", async () => {
    const { store, deliveries, clock, busy, calls, close } = await busyBench();
    busy.add("q").add("busy");
    store.next("settle", unavailable);
    const [a, b, c] = deliveries;
    const outcomes = [a!.ack([messageOf("x", { to: "busy" })]), b!.ack()].map(outcomeOf);
    await clock.advance(500);
    outcomes.push(outcomeOf(c!.ack()));
    await clock.advance(2_000);
    expect(
      calls()
        .map(fencesOf)
        .filter((fences) => fences.includes(3)),
    ).toEqual([]);
    const repeated = calls()
      .map(fencesOf)
      .filter((fences) => fences.includes(1));
    expect(new Set(repeated.map(String))).toEqual(new Set(["1,2"]));
    busy.delete("q");
    await clock.advance(1_100);
    expect(outcomes.map(({ state }) => state)).toEqual(["pending", "resolved", "resolved"]);
    busy.clear();
    await clock.advance(1_100);
    expect(outcomes[0]?.state).toBe("resolved");
    await close();
  });
});
