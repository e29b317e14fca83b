import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { ClaimedMessage, LeaseStore, RoutedMessage } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { openedStore, tellServer, type Tell } from "./opened-store.ts";
import { redisServer } from "./redis-server.ts";

const base = "lovage:{q}";
const request = { queue: "q", max: 10, leaseMs: 30_000, suspects: false };

function message(id: string, priority = 0): RoutedMessage {
  const properties = { messageId: id, contentType: "application/json", contentEncoding: "utf-8", priority };
  return { to: "q", headers: { id }, properties, body: Buffer.from("[]") };
}

async function readyAndHeld({ admin }: LeaseStore): Promise<unknown> {
  const [stats] = await admin.inspect(["q"]);
  return { ready: stats?.ready, unsettled: stats?.unsettled };
}

interface Sleeper {
  readonly store: LeaseStore;
  readonly woken: unknown[];
  readonly handed: { readonly queue: string; readonly message: ClaimedMessage; readonly leasedAtMs: number }[];
  readonly cut: () => Promise<void>;
}

describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  beforeEach(() => tell("FLUSHALL"));

  const tell: Tell = (...command) => tellServer(server().url, ...command);

  async function open(): Promise<Sleeper> {
    const { store, cut } = openedStore(server().url);
    onTestFinished(() => store.close());
    const sleeper: Sleeper = { store, woken: [], handed: [], cut };
    await store.open({
      wake: (queue) => sleeper.woken.push(queue),
      deliver: (queue, [first], leasedAtMs) => {
        if (first !== undefined) sleeper.handed.push({ queue, message: first, leasedAtMs });
      },
      lost: () => {},
    });
    await store.declare([{ name: "q" }]);
    return sleeper;
  }

  async function openConnection(): Promise<{ readonly connection: Connection }> {
    const { store } = openedStore(server().url);
    const opening = { clock: systemClock, log: silentLog, name: "hand-over" };
    const connection = await openLeaseConnection({ store, opening, settings: leaseSettings({}) });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    return { connection };
  }

  /** One that has found nothing and waits. */
  async function asleep(): Promise<Sleeper> {
    const sleeper = await open();
    expect((await sleeper.store.claim(request)).messages).toEqual([]);
    return sleeper;
  }

  test("a lone message is leased to a sleeper, who settles it as one that was claimed", async () => {
    const armedAtMs = systemClock.monotonic();
    const sleeper = await asleep();
    const publisher = await open();
    await publisher.store.publish([message("a")]);
    await vi.waitUntil(() => sleeper.handed.length === 1, { timeout: 20_000 });
    const [handed] = sleeper.handed;
    expect(handed).toMatchObject({
      queue: "q",
      message: { message: { headers: { id: "a" } }, losses: 0, redelivered: false },
    });
    // Before the lease began for sure: the message may be read long after it was sent.
    expect(handed?.leasedAtMs).toBeGreaterThanOrEqual(Math.floor(armedAtMs));
    expect(handed?.leasedAtMs).toBeLessThanOrEqual(systemClock.monotonic());
    expect(sleeper.woken).toEqual([]);
    expect(await readyAndHeld(publisher.store)).toEqual({ ready: 0, unsettled: 1 });
    expect((await publisher.store.claim(request)).messages).toEqual([]);
    const lease = handed?.message.lease ?? { id: 0, fence: 0 };
    expect(await sleeper.store.extend("q", [lease], 30_000)).toBeNull();
    expect(await sleeper.store.settle("q", [{ kind: "ack", lease }])).toBeNull();
    expect(await readyAndHeld(publisher.store)).toEqual({ ready: 0, unsettled: 0 });
  });

  test("nothing is kept of a sleeper that is gone, once something was sent to it", async () => {
    const sleeper = await asleep();
    const { store } = await open();
    expect(await tell("HLEN", `${base}:a`)).toBe(1);
    await sleeper.cut();
    await store.publish([message("a")]);
    expect(await tell("EXISTS", `${base}:a`)).toBe(0);
    expect(await readyAndHeld(store)).toEqual({ ready: 1, unsettled: 0 });
  });

  test("tokens of messages that were handed over and of those that were claimed rise together", async () => {
    const sleeper = await asleep();
    const { store } = await open();
    await store.publish([message("a")]);
    await store.publish([message("b")]);
    await vi.waitUntil(() => sleeper.handed.length === 1, { timeout: 20_000 });
    const { messages } = await store.claim(request);
    expect(messages.map(({ message: { properties } }) => properties.messageId)).toEqual(["b"]);
    expect(messages[0]?.lease.fence).toBeGreaterThan(sleeper.handed[0]?.message.lease.fence ?? Infinity);
  });

  test("one that armed too long ago is only woken: it may hang", async () => {
    const sleeper = await asleep();
    const publisher = await open();
    const [channel] = (await tell("HKEYS", `${base}:a`)) as Buffer[];
    await tell("HSET", `${base}:a`, String(channel), `${Date.now() - 2_000} 30000 1`);
    await publisher.store.publish([message("a")]);
    await vi.waitUntil(() => sleeper.woken.length === 1, { timeout: 20_000 });
    expect(sleeper.handed).toEqual([]);
    expect(await readyAndHeld(publisher.store)).toEqual({ ready: 1, unsettled: 0 });
  });

  test("nothing is handed over while something else is ready or due: the order stays", async () => {
    const sleepers = [await asleep(), await asleep()];
    const publisher = await open();
    await publisher.store.publish([message("urgent", 5)]);
    await publisher.store.publish([message("a")]);
    await vi.waitUntil(() => sleepers.every(({ woken }) => woken.length === 1), { timeout: 20_000 });
    expect(sleepers.flatMap(({ handed }) => handed)).toEqual([]);
    const { messages } = await publisher.store.claim(request);
    expect(messages.map(({ message: { properties } }) => properties.messageId)).toEqual(["urgent", "a"]);
  });

  test("a message for one whose connection is gone is ready for the others", async () => {
    const sleeper = await asleep();
    const publisher = await open();
    await sleeper.cut();
    await publisher.store.publish([message("a")]);
    expect((await publisher.store.claim(request)).messages).toHaveLength(1);
  });

  test("nothing is handed to one that has begun to close, and what was sent to it before is heard and given back", async () => {
    const publisher = await open();
    for (let round = 0; round < 20; round += 1) {
      const { connection } = await openConnection();
      await connection.consume({ queue: "q", prefetch: 5, onDelivery: (delivery) => void delivery.ack() });
      await vi.waitUntil(async () => (await tell("SCARD", `${base}:w`)) === 1, { timeout: 20_000 });
      const published = publisher.store.publish([message(`a${round}`)]);
      await Promise.all([connection.close(), published]);
      const [stats] = await publisher.store.admin.inspect(["q"]);
      expect(stats?.unsettled).toBe(0);
      const { messages } = await publisher.store.claim(request);
      expect(messages.every(({ losses }) => losses === 0)).toBe(true);
      await publisher.store.settle(
        "q",
        messages.map(({ lease }) => ({ kind: "ack", lease })),
      );
      await tell("DEL", `${base}:w`);
    }
  });

  test("a queue that was deleted under its sleepers is made again, and takes the message", async () => {
    const sleeper = await asleep();
    const publisher = await open();
    await tell("DEL", base);
    await publisher.store.publish([message("a")]);
    expect(sleeper.handed).toEqual([]);
    expect(await publisher.store.admin.list()).toEqual(["q"]);
    await expect(publisher.store.claim(request)).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
    await publisher.store.declare([{ name: "q" }]);
    expect((await publisher.store.claim(request)).messages).toHaveLength(1);
  });
});
