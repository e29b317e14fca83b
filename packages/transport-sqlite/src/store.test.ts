import { readFileSync } from "node:fs";

import { virtualClock } from "@lovage/foundation";
import type { LeaseStore } from "@lovage/lease-engine";
import { deathOf } from "@lovage/transport";
import { describe, expect, it, vi } from "vitest";

import { openBeside } from "./test-support/open-beside.ts";
import { idsOf, message, openStore, take } from "./test-support/open-store.ts";

const sweep = (store: LeaseStore, max = 100): ReturnType<LeaseStore["sweep"]> =>
  store.sweep({ queues: ["q"], suspectAfter: 2, max });

describe("publishing and claiming", () => {
  it("gives messages in order, each to one claim", async () => {
    const { store } = await openStore();
    await store.publish(["a", "b", "c", "d", "e"].map((id) => message(id)));
    expect(idsOf(await take(store, 2))).toEqual(["a", "b"]);
    expect(idsOf(await take(store, 9))).toEqual(["c", "d", "e"]);
    expect(await take(store)).toEqual([]);
  });

  it("gives the urgent first", async () => {
    const { store } = await openStore();
    await store.publish([
      message("low"),
      message("high", { priority: 9 }),
      message("mid", { priority: 5 }),
      message("low2"),
    ]);
    expect(idsOf(await take(store))).toEqual(["high", "mid", "low", "low2"]);
  });

  it("serves keys in turn within a claim and over claims, first in first out within a key", async () => {
    const { store } = await openStore();
    await store.publish([
      ...Array.from({ length: 20 }, (_, index) => message(`big${index}`, { key: "big" })),
      message("a0", { key: "a" }),
      message("a1", { key: "a" }),
      message("none"),
    ]);
    expect(idsOf(await take(store, 5))).toEqual(["none", "a0", "big0", "a1", "big1"]);
    await store.publish([message("a2", { key: "a" })]);
    expect(new Set([...idsOf(await take(store, 1)), ...idsOf(await take(store, 1))])).toEqual(new Set(["a2", "big2"]));
    expect(idsOf(await take(store, 30))).toEqual(Array.from({ length: 17 }, (_, index) => `big${index + 3}`));
  });

  it("never leases more than was asked for, whatever the number of keys", async () => {
    const { store, path } = await openStore();
    await store.publish(Array.from({ length: 700 }, (_, index) => message(`m${index}`, { key: `k${index % 70}` })));
    for (const max of [1, 3, 10, 69, 100, 517]) expect(await take(store, max)).toHaveLength(max);
    const row = openBeside(path).prepare("SELECT count(*) AS leased FROM lovage_messages WHERE state = 4").get();
    expect(row).toEqual({ leased: 700 });
  });

  it("gives a delayed message when it is due, and says when that is", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish([
      message("later", { notBefore: { inMs: 1_000 } }),
      message("at", { notBefore: { atMs: clock.now() + 500 } }),
    ]);
    expect(await store.claim({ queue: "q", max: 9, leaseMs: 1_000, suspects: false })).toEqual({
      messages: [],
      suspectsWait: false,
      nextDueInMs: 500,
    });
    await clock.advance(500);
    expect(idsOf(await take(store))).toEqual(["at"]);
    await clock.advance(500);
    expect(idsOf(await take(store))).toEqual(["later"]);
  });

  it("gives what became due meanwhile in the order of being due, behind what was ready before", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish([
      message("third", { notBefore: { inMs: 300 } }),
      message("first", { notBefore: { inMs: 100 } }),
      message("second", { notBefore: { inMs: 200 } }),
      message("ready"),
    ]);
    await clock.advance(400);
    await store.publish([message("fourth")]);
    expect(idsOf(await take(store))).toEqual(["ready", "first", "second", "third", "fourth"]);
  });

  it("wakes sleepers here and in other programs, after an empty claim", async () => {
    const one = await openStore();
    const two = await openStore({ path: one.path });
    for (const { store } of [one, two]) await take(store);
    await one.store.publish([message("a")]);
    expect(one.woken).toContain("q");
    await vi.waitFor(() => expect(two.woken).toContain("q"), { timeout: 20_000 });
  });

  it("wakes nobody whose last claim found something", async () => {
    const one = await openStore();
    const two = await openStore({ path: one.path });
    await one.store.publish([message("a")]);
    expect(idsOf(await take(two.store))).toEqual(["a"]);
    const marks = (): Buffer => readFileSync(`${one.path}-wake`);
    const before = marks();
    await one.store.publish([message("b")]);
    expect(marks()).toEqual(before);
    expect(idsOf(await take(two.store))).toEqual(["b"]);
  });

  it("finds what is published while an empty claim is on its way to sleep", async () => {
    const one = await openStore();
    const two = await openStore({ path: one.path });
    const claiming = take(two.store);
    // Committed before this returns, which is after the claim has looked and before it goes on.
    const publishing = one.store.publish([message("a")]);
    expect(idsOf(await claiming)).toEqual(["a"]);
    await publishing;
  });

  it("keeps hostile texts as data", async () => {
    const { store, path } = await openStore();
    const hostile = ["'; DROP TABLE lovage_messages;--", '"', "100%", "a\nb", "\u0000", "🌶️", "__proto__", "NULL"];
    await store.declare(hostile.map((name) => ({ name })));
    await store.publish(hostile.map((text) => message(text, { to: text, key: text })));
    for (const queue of hostile) {
      const { messages } = await store.claim({ queue, max: 9, leaseMs: 1_000, suspects: false });
      expect(idsOf(messages)).toEqual([queue]);
    }
    expect(openBeside(path).prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  it("hands out bytes that are no frame as a message that cannot be decoded", async () => {
    const { store, path } = await openStore();
    await store.publish([message("a")]);
    openBeside(path).exec("UPDATE lovage_messages SET frame = x'ff00'");
    const [claimed] = await take(store);
    expect(claimed?.message).toMatchObject({ headers: {}, properties: { contentType: "application/octet-stream" } });
  });
});

describe("leases", () => {
  it("a settled, released or swept lease settles nothing more, nor do its follow-ups", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish([message("a"), message("b"), message("c")]);
    const [a, b, c] = await take(store, 3, 1_000);
    await store.settle("q", [
      { kind: "ack", lease: a!.lease },
      { kind: "release", lease: b!.lease, delayMs: 0 },
    ]);
    await clock.advance(1_000);
    await sweep(store);
    const lost = [a!, b!, c!].map(({ lease }) => lease);
    expect(
      await store.settle(
        "q",
        lost.map((lease) => ({ kind: "ack", lease, followUps: [message("ghost")] })),
      ),
    ).toEqual(lost);
    expect(await store.extend("q", lost, 1_000)).toEqual({ lost });
    expect(new Set(idsOf(await take(store)))).toEqual(new Set(["b", "c"]));
  });

  it("an old lease does not fit a new message that has its id", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish([message("old")]);
    const [old] = await take(store, 1, 1_000);
    await clock.advance(1_000);
    await sweep(store);
    const [again] = await take(store);
    expect(again!.lease.fence).toBeGreaterThan(old!.lease.fence);
    await store.settle("q", [{ kind: "ack", lease: again!.lease }]);
    await store.publish([message("new")]);
    const [fresh] = await take(store);
    expect(fresh!.lease.id).toBe(old!.lease.id);
    expect(await store.settle("q", [{ kind: "ack", lease: old!.lease }])).toEqual([old!.lease]);
    expect(await store.settle("q", [{ kind: "ack", lease: fresh!.lease }])).toBeNull();
  });

  it("renewal keeps a message from the sweep; without it the message comes back, counted", async () => {
    const clock = virtualClock();
    const { store, woken } = await openStore({ clock });
    await store.publish([message("kept"), message("lost")]);
    const [kept] = await take(store, 2, 1_000);
    await clock.advance(900);
    expect(await store.extend("q", [kept!.lease], 1_000)).toBeNull();
    await clock.advance(900);
    expect(await take(store)).toEqual([]);
    expect(await sweep(store)).toEqual({ recovered: 1, more: false });
    expect(woken).toEqual(["q"]);
    const again = await take(store);
    expect(again).toMatchObject([{ losses: 1, redelivered: true }]);
    expect(idsOf(again)).toEqual(["lost"]);
  });

  it("keeps suspects apart, also over a release and a delay", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish([message("poison")]);
    for (const _ of [1, 2]) {
      await take(store, 1, 1_000);
      await clock.advance(1_000);
      await sweep(store);
    }
    await store.publish([message("good")]);
    const ordinary = await store.claim({ queue: "q", max: 9, leaseMs: 1_000, suspects: false });
    expect([idsOf(ordinary.messages), ordinary.suspectsWait]).toEqual([["good"], true]);
    expect(await store.suspectsWait("q")).toBe(true);
    const takeSuspect = (): ReturnType<LeaseStore["claim"]> =>
      store.claim({ queue: "q", max: 1, leaseMs: 1_000, suspects: true });
    for (const delayMs of [0, 100]) {
      const { messages } = await takeSuspect();
      expect(messages).toMatchObject([{ losses: 2 }]);
      await store.settle("q", [{ kind: "release", lease: messages[0]!.lease, delayMs }]);
      await clock.advance(delayMs);
      expect(await take(store)).toEqual([]);
    }
    expect((await takeSuspect()).messages).toHaveLength(1);
    expect(await store.suspectsWait("q")).toBe(false);
  });

  it("a released message is at its old place again", async () => {
    const { store } = await openStore();
    await store.publish([message("a"), message("b")]);
    const [a] = await take(store, 1);
    await store.settle("q", [{ kind: "release", lease: a!.lease, delayMs: 0 }]);
    expect(await take(store)).toMatchObject([{ redelivered: true, losses: 0 }, { redelivered: false }]);
  });

  it("a sweep is bounded and says that there is more", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.publish(Array.from({ length: 25 }, (_, index) => message(String(index))));
    await take(store, 25, 1_000);
    await clock.advance(1_000);
    expect(await sweep(store, 10)).toEqual({ recovered: 10, more: true });
    expect(await sweep(store, 10)).toEqual({ recovered: 10, more: true });
    expect(await sweep(store, 10)).toEqual({ recovered: 5, more: false });
  });
});

describe("dead letters", () => {
  it("are written with their death, in the step that settles, and dropped after their retention", async () => {
    const clock = virtualClock();
    const { store } = await openStore({ clock });
    await store.declare([{ name: "q", deadLetterRetentionMs: 10_000 }]);
    await store.publish([message("a", { priority: 3, key: "k" })]);
    const [a] = await take(store);
    await store.settle("q", [
      { kind: "reject", lease: a!.lease, message: a!.message, count: 1, reason: { reason: "failed", detail: "why" } },
    ]);
    const page = await store.admin.browse("q.dead");
    expect(page.messages).toMatchObject([
      { death: { queue: "q", reason: "failed", detail: "why", count: 1, atMs: clock.now() } },
    ]);
    await clock.advance(9_999);
    await sweep(store);
    expect((await store.admin.browse("q.dead")).messages).toHaveLength(1);
    await clock.advance(1);
    await sweep(store);
    expect((await store.admin.browse("q.dead")).messages).toEqual([]);
  });

  it("go home when they are replayed, also after they were rejected once more", async () => {
    const { store } = await openStore();
    await store.publish([message("a", { key: "k" })]);
    const [a] = await take(store);
    await store.settle("q", [
      { kind: "reject", lease: a!.lease, message: a!.message, count: 1, reason: { reason: "failed" } },
    ]);
    const {
      messages: [dead],
    } = await store.claim({ queue: "q.dead", max: 1, leaseMs: 1_000, suspects: false });
    await store.settle("q.dead", [
      { kind: "reject", lease: dead!.lease, message: dead!.message, count: 1, reason: { reason: "again" } },
    ]);
    expect(await store.admin.replay("q.dead", { first: 10 })).toBe(1);
    const [back] = await take(store);
    expect(deathOf(back!.message)).toBeUndefined();
    expect(back!.message.properties.key).toBe("k");
  });
});
