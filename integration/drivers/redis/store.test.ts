import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection, type LeaseStore, type RoutedMessage } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { openedStore, tellServer, type Tell } from "./opened-store.ts";
import { redisServer } from "./redis-server.ts";

function message(id: string, rest: Partial<RoutedMessage> = {}): RoutedMessage {
  const properties = { messageId: id, contentType: "application/json", contentEncoding: "utf-8" };
  return { to: "q", headers: {}, properties, body: Buffer.from("[]"), ...rest };
}

const request = { queue: "q", max: 10, leaseMs: 30_000, suspects: false };

describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  beforeEach(() => tell("FLUSHALL"));

  const tell: Tell = (...command) => tellServer(server().url, ...command);

  async function openStore(): Promise<LeaseStore> {
    const { store } = openedStore(server().url);
    onTestFinished(() => store.close());
    await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await store.declare([{ name: "q" }]);
    return store;
  }

  async function openConnection(): Promise<{ connection: Connection; cut: () => Promise<void> }> {
    const { store, cut } = openedStore(server().url);
    const opening = { clock: systemClock, log: silentLog, name: "faults" };
    const connection = await openLeaseConnection({ store, opening, settings: leaseSettings({}) });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    return { connection, cut };
  }

  test("a server that has forgotten its scripts is given them again", async () => {
    const store = await openStore();
    await store.publish([message("a")]);
    await tell("SCRIPT", "FLUSH");
    await store.publish([message("b")]);
    await tell("SCRIPT", "FLUSH");
    const { messages } = await store.claim(request);
    await tell("SCRIPT", "FLUSH");
    expect(
      await store.settle(
        "q",
        messages.map(({ lease }) => ({ kind: "ack", lease })),
      ),
    ).toBeNull();
    expect(messages).toHaveLength(2);
  });

  test("with its memory full it refuses messages, and what it has is still worked off", async () => {
    const store = await openStore();
    await store.publish([message("a"), message("b")]);
    await tell("CONFIG", "SET", "maxmemory", 1);
    onTestFinished(async () => void (await tell("CONFIG", "SET", "maxmemory", 0)));
    await expect(store.publish([message("c")])).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    const { messages } = await store.claim({ ...request, max: 1 });
    const [held] = messages;
    if (held === undefined) throw new Error("Nothing was claimed.");
    expect(await store.extend("q", [held.lease], 30_000)).toBeNull();
    expect(await store.settle("q", [{ kind: "release", lease: held.lease, delayMs: 0 }])).toBeNull();
    const again = await store.claim(request);
    expect(
      await store.settle(
        "q",
        again.messages.map(({ lease }) => ({ kind: "ack", lease })),
      ),
    ).toBeNull();
    expect((await store.claim(request)).messages).toEqual([]);
  });

  test("a connection to a server that has become a replica is left for the next master", async () => {
    const { connection } = await openConnection();
    await tell("REPLICAOF", "127.0.0.1", 1);
    const published = connection.publish([message("a")]);
    await vi.waitUntil(() => connection.state === "reconnecting", { timeout: 5_000 });
    await tell("REPLICAOF", "NO", "ONE");
    await published;
    expect((await connection.admin.inspect(["q"]))[0]?.ready).toBe(1);
  });

  test("killed connections come back within two seconds", async () => {
    const { connection, cut } = await openConnection();
    await cut();
    await vi.waitUntil(() => connection.state === "reconnecting", { timeout: 2_000 });
    await vi.waitUntil(() => connection.state === "open", { timeout: 2_000 });
    await connection.publish([message("a")]);
    expect((await connection.admin.inspect(["q"]))[0]?.ready).toBe(1);
  });

  test("of very many messages due at once one claim makes ready a bounded number", async () => {
    const store = await openStore();
    const due = Array.from({ length: 1_000 }, (_, index) => message(String(index), { notBefore: { inMs: 5 } }));
    for (let batch = 0; batch < 3; batch += 1) await store.publish(due);
    await systemClock.sleep(10);
    await store.claim(request);
    expect(await tell("ZCARD", "lovage:{q}:d")).toBe(2_000);
  });

  test("tokens of a queue that was deleted and made again never fit its new leases", async () => {
    const store = await openStore();
    await store.publish([message("a")]);
    const [old] = (await store.claim(request)).messages;
    await store.admin.delete("q");
    await store.publish([message("b")]);
    await expect(store.claim(request)).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
    await store.declare([{ name: "q" }]);
    const [held] = (await store.claim(request)).messages;
    if (old === undefined || held === undefined) throw new Error("Nothing was claimed.");
    expect(held.lease.fence).toBeGreaterThan(old.lease.fence);
    expect(await store.settle("q", [{ kind: "ack", lease: old.lease }])).toEqual([old.lease]);
    expect(await store.admin.list()).toEqual(["q"]);
  });

  test("bytes that are no message reach the consumer as a body instead of stopping the queue", async () => {
    const store = await openStore();
    await tell("RPUSH", "lovage:{q}:l0:", "0\u00000\u000000000000nonsense");
    await tell("RPUSH", "lovage:{q}:r0", "");
    const [found] = (await store.claim(request)).messages;
    expect(found?.message.properties.messageId).toMatch(/^undecodable-/);
  });
});
