import type { TransactedWork } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang, outcomeOf } from "../test-support/engine-bench.ts";

describe("a delivery whose work runs in a transaction", () => {
  it("has its signal aborted when its lease is lost, while the work goes on", async () => {
    const { store, deliveries, clock, connection, work, ended } = await workingBench();
    store.steal({ id: 1, fence: deliveries[0]?.fence ?? 0 });
    await clock.advance(1_500);
    expect(deliveries[0]?.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect([deliveries.length, ended.state]).toEqual([2, "pending"]);
    work.resolve({ value: 1 });
    await clock.advance(0);
    expect([ended.state, store.settled]).toEqual(["LEASE_LOST", []]);
    await connection.close();
  });

  it("has its signal aborted when its lease cannot be confirmed until its end", async () => {
    const { store, deliveries, clock, connection } = await workingBench();
    store.always("extend", hang);
    await clock.advance(3_250);
    expect(deliveries[0]?.signal.aborted).toBe(true);
    await connection.close();
  });

  it("is given back when the grace of closing is over", async () => {
    const { store, deliveries, clock, connection, work, ended } = await workingBench();
    const closed = outcomeOf(connection.close({ graceMs: 500 }));
    await clock.advance(499);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect([closed.state, store.settled.map(({ kind }) => kind)]).toEqual(["resolved", ["release"]]);
    work.resolve({ value: 1 });
    await clock.advance(0);
    expect(ended.state).toBe("LEASE_LOST");
  });

  it("is not lost when its lease is gone because of the commit", async () => {
    const { store, deliveries, clock, connection, work, ended, commit } = await workingBench();
    work.resolve({ value: 1 });
    await clock.advance(2_000);
    expect([store.leased.size, ended.state, deliveries[0]?.signal.aborted]).toEqual([0, "pending", false]);
    commit.resolve();
    await clock.advance(0);
    expect([ended.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", false]);
    await connection.close();
  });

  it("may be settled otherwise while it works, which undoes the work", async () => {
    const { store, deliveries, clock, connection, work, ended } = await workingBench();
    const rejected = outcomeOf(deliveries[0]?.reject({ reason: "failed" }) ?? Promise.reject(new Error("no delivery")));
    work.resolve({ value: 1 });
    await clock.advance(0);
    expect([rejected.state, ended.state]).toEqual(["resolved", "DELIVERY_SETTLED"]);
    expect(store.settled.map(({ kind }) => kind)).toEqual(["reject"]);
    await connection.close();
  });

  it("is not opened again by work that fails while another settlement is under way", async () => {
    const { store, deliveries, clock, connection, work, ended } = await workingBench();
    const answer = Promise.withResolvers<void>();
    store.always("settle", () => answer.promise.then(() => null));
    const rejected = outcomeOf(deliveries[0]?.reject({ reason: "failed" }) ?? Promise.reject(new Error("no delivery")));
    work.reject(Object.assign(new Error("on purpose"), { code: "MINE" }));
    await clock.advance(0);
    expect([rejected.state, ended.state]).toEqual(["pending", "MINE"]);
    await expect(deliveries[0]?.ack()).rejects.toMatchObject({ code: "DELIVERY_SETTLED" });
    answer.resolve();
    await clock.advance(0);
    expect(rejected.state).toBe("resolved");
    await connection.close();
  });

  it("may be settled otherwise when its work has failed", async () => {
    const { deliveries, clock, connection, work, ended } = await workingBench();
    work.reject(Object.assign(new Error("on purpose"), { code: "MINE" }));
    await clock.advance(0);
    expect(ended.state).toBe("MINE");
    await deliveries[0]?.ack();
    await connection.close();
  });
});

/** One delivery at work in a transaction, which ends as `work` does and is settled then; `commit` holds up the answer. */
async function workingBench(): Promise<
  Awaited<ReturnType<typeof engineBench>> & {
    readonly work: PromiseWithResolvers<TransactedWork<unknown>>;
    readonly commit: PromiseWithResolvers<void>;
    readonly ended: { readonly state: string };
  }
> {
  const bench = await engineBench();
  const { store, deliveries } = bench;
  const work = Promise.withResolvers<TransactedWork<unknown>>();
  const commit = Promise.withResolvers<void>();
  store.transact = async (queue, run) => {
    const { value, settlement } = await run({});
    const lost = await store.settle(queue, [settlement]);
    await commit.promise;
    return lost === null ? { value } : "lost";
  };
  store.put("q", ["a"]);
  await bench.consume({ prefetch: 1 });
  const ended = outcomeOf(deliveries[0]?.transact?.(() => work.promise) ?? Promise.reject(new Error("no transact")));
  return { ...bench, work, commit, ended };
}
