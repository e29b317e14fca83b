import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { LeaseDelivery, type DeliveryOwner } from "../delivery.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { RenewalThread } from "./renewal-thread.ts";
import { leaseSettings } from "../settings.ts";
import type { StoreLink } from "../store-link.ts";
import { engineBench, hang, idOf, messageOf, outcomeOf } from "../test-support/engine-bench.ts";
import { frozenBench } from "../test-support/frozen-bench.ts";
import { ScriptedStore } from "../test-support/scripted-store.ts";

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

  it("keeps the others when the store leaves one alone, and gives that one up at its end", async () => {
    const { consume, store, connection, deliveries, clock } = await engineBench();
    store.always("sweep", hang);
    store.put("q", ["a", "b"]);
    await consume({ prefetch: 2 });
    store.leaves.add(1);
    await clock.advance(2_900);
    expect(deliveries.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    await clock.advance(3_000);
    expect(deliveries.map(({ signal }) => signal.aborted)).toEqual([true, false]);
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
    // A sweep, whose times are random, may have brought it again by now.
    expect(consumer.unsettled).toBe(deliveries.length - 1);
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
    const { clock, deliveries, connection } = bench;
    own().freeze();
    await clock.advance(10_000);
    own().thaw();
    await clock.advance(1_000);
    expect(deliveries.map(({ signal }) => signal.aborted)).toEqual([false]);
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

  it("gives up what cannot be confirmed, though this process is late at every tick", async () => {
    const { bench, own } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("extend", hang);
    for (let passedMs = 0; passedMs < 4_800; passedMs += 600) {
      expect([passedMs, deliveries[0]?.signal.aborted]).toEqual([passedMs, passedMs >= 4_200]);
      own().freeze();
      await clock.advance(600);
      own().thaw();
    }
    await connection.close();
  });

  it("keeps asking for a second when this process is late again, before the answer could come", async () => {
    const { bench, own } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("extend", () => clock.sleep(700));
    own().freeze();
    await clock.advance(10_000);
    own().thaw();
    own().freeze();
    await clock.advance(600);
    own().thaw();
    await clock.advance(200);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await deliveries[0]?.ack();
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

describe("signs of life to the renewal thread", () => {
  it("begin with what comes after a quiet time, before it can block the event loop", async () => {
    const clock = virtualClock();
    const { keeper, held, thread } = keeperWithThread(clock);
    const first = deliveryOf("a");
    held.push(first);
    keeper.add(first);
    await clock.advance(5_000);
    held.pop();
    await clock.advance(601_000);
    const before = thread.beats;
    await clock.advance(10_000);
    expect(thread.beats).toBe(before);
    keeper.add(deliveryOf("b"));
    expect(thread.beats).toBe(before + 1);
    keeper.close();
  });
});

describe("asking again before work begins", () => {
  it("has nothing to ask while leases hold", async () => {
    const { bench, consumer } = await frozenBench();
    expect(consumer.recheck?.()).toBeUndefined();
    await bench.clock.advance(10_000);
    expect(consumer.recheck?.()).toBeUndefined();
    await bench.connection.close();
  });

  it("asks for what may be another's, and tells what is", async () => {
    const { bench, own, consumer } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    own().freeze();
    await clock.advance(4_000);
    store.steal({ id: 1, fence: deliveries[0]?.fence ?? 0 });
    // Before any timer has fired.
    const answer = outcomeOf(consumer.recheck?.() ?? Promise.reject(new Error("nothing was asked")));
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await clock.advance(0);
    expect([answer.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", true]);
    own().thaw();
    await connection.close();
  });

  it("leaves alone what nobody has taken", async () => {
    const { bench, own, consumer } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("sweep", hang);
    own().freeze();
    await clock.advance(4_000);
    const answer = outcomeOf(consumer.recheck?.() ?? Promise.reject(new Error("nothing was asked")));
    await clock.advance(0);
    expect([answer.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", false]);
    own().thaw();
    await connection.close();
  });

  it("asks again for what the store left alone, as it may be in its own thread's hands", async () => {
    const { bench, own, consumer } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("sweep", hang);
    store.leaves.add(1);
    own().freeze();
    await clock.advance(4_000);
    own().thaw();
    const answer = outcomeOf(consumer.recheck?.() ?? Promise.reject(new Error("nothing was asked")));
    await clock.advance(40);
    expect(answer.state).toBe("pending");
    store.leaves.clear();
    await clock.advance(60);
    expect([answer.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", false]);
    await connection.close();
  });

  it("gives up what the store leaves alone for long", async () => {
    const { bench, own, consumer } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("sweep", hang);
    store.leaves.add(1);
    own().freeze();
    await clock.advance(4_000);
    own().thaw();
    const answer = outcomeOf(consumer.recheck?.() ?? Promise.reject(new Error("nothing was asked")));
    await clock.advance(5_000);
    expect([answer.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", true]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("gives up what a silent store does not confirm", async () => {
    const { bench, own, consumer } = await frozenBench();
    const { clock, deliveries, connection, store } = bench;
    store.always("extend", hang);
    own().freeze();
    await clock.advance(4_000);
    own().thaw();
    const answer = outcomeOf(consumer.recheck?.() ?? Promise.reject(new Error("nothing was asked")));
    await clock.advance(5_000);
    expect([answer.state, deliveries[0]?.signal.aborted]).toEqual(["resolved", true]);
    await connection.close();
  });
});

/** A thread that is never started, and counts the signs of life that it is given. */
class CountingThread extends RenewalThread {
  beats = 0;

  override add(): void {}

  override beat(): void {
    this.beats += 1;
  }
}

/** A keeper of the leases in `held`, beside a thread. */
function keeperWithThread(clock: VirtualClock): {
  readonly keeper: LeaseKeeper;
  readonly held: LeaseDelivery[];
  readonly thread: CountingThread;
} {
  const settings = leaseSettings({ lease: 3_000, sweep: 500 });
  const module = { url: "", options: undefined };
  const thread = new CountingThread({ module, settings, maxBatch: 10, clock, log: silentLog });
  const held: LeaseDelivery[] = [];
  const keeper = new LeaseKeeper({
    store: new ScriptedStore(clock),
    link: { state: "open", report: () => {} } as Partial<StoreLink> as StoreLink,
    clock,
    log: silentLog,
    settings,
    holders: () => [{ queue: "q", held }],
    expireSettlements: () => {},
    thread,
  });
  return { keeper, held, thread };
}

function deliveryOf(messageId: string): LeaseDelivery {
  const claimed = { lease: { id: 1, fence: 1 }, message: messageOf(messageId), losses: 0, redelivered: false };
  return new LeaseDelivery({ queue: "q", remove: () => {} } as Partial<DeliveryOwner> as DeliveryOwner, claimed, 0);
}
