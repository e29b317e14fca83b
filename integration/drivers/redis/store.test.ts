import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection, type LeaseStore, type RoutedMessage } from "@lovage/lease-engine";
import type { Connection, ConnectionState } from "@lovage/transport";
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

  async function openConnection(): Promise<{
    connection: Connection;
    states: readonly ConnectionState[];
    cut: () => Promise<void>;
  }> {
    const { store, cut } = openedStore(server().url);
    const states: ConnectionState[] = [];
    const onState = (state: ConnectionState): void => void states.push(state);
    const opening = { clock: systemClock, log: silentLog, name: "faults", onState };
    const connection = await openLeaseConnection({ store, opening, settings: leaseSettings({}) });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    return { connection, states, cut };
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
    await vi.waitUntil(() => connection.state === "reconnecting", { timeout: 20_000 });
    await tell("REPLICAOF", "NO", "ONE");
    await published;
    expect((await connection.admin.inspect(["q"]))[0]?.ready).toBe(1);
  });

  test("killed connections come back within two seconds", async () => {
    const { connection, states, cut } = await openConnection();
    await cut();
    // Both may have been by the time of the first look. Five times the two seconds: the machine may be busy.
    const isBack = (): boolean => states.includes("reconnecting") && connection.state === "open";
    await vi.waitUntil(isBack, { timeout: 5 * 2_000 });
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

  test("bytes without a head stop nobody and take nobody with them, at a claim or when their leases have ended", async () => {
    const store = await openStore();
    await store.publish([message("a")]);
    const list = "lovage:{q}:l0:";
    await tell("RPUSH", list, "x", "", "bytes that are long enough for a head");
    await store.publish([message("b")]);
    const claimed = await store.claim({ ...request, leaseMs: 1 });
    const idsOf = ({ messages }: typeof claimed): string[] =>
      messages.map(({ message: { properties } }) => properties.messageId);
    expect(idsOf(claimed).map((id) => id.replace(/-[0-9a-f]{16}$/u, ""))).toEqual([
      "a",
      "undecodable",
      "undecodable",
      "undecodable",
      "b",
    ]);
    expect(new Set(idsOf(claimed)).size).toBe(5);
    await systemClock.sleep(5);
    expect(await store.sweep({ queues: ["q"], suspectAfter: 9, max: 10 })).toEqual({ recovered: 5, more: false });
    const again = await store.claim(request);
    expect(idsOf(again)).toEqual(idsOf(claimed));
    expect(again.messages.map(({ losses }) => losses)).toEqual([1, 1, 1, 1, 1]);
    const bodies = again.messages.slice(1, 4).map(({ message: { body } }) => Buffer.from(body).toString());
    expect(bodies).toEqual(["x", "", "bytes that are long enough for a head"]);
    const settlements = again.messages.map(({ lease }) => ({ kind: "release", lease, delayMs: 0 }) as const);
    expect(await store.settle("q", settlements)).toBeNull();
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 5 });
  });

  test("a lease whose message a hand has taken away shows no message", async () => {
    const store = await openStore();
    await store.publish([message("a"), message("b")]);
    const { messages } = await store.claim(request);
    await tell("HDEL", "lovage:{q}:h", messages[0]?.lease.fence ?? 0);
    const page = await store.admin.browse("q", { state: "unsettled" });
    expect(page.messages.map((each) => each.message.properties.messageId)).toEqual(["b"]);
  });

  test("what cannot be read is called by its content: one of several is dropped by its name", async () => {
    const store = await openStore();
    await store.publish([message("a")]);
    for (const text of ["one", "two"]) await tell("RPUSH", "lovage:{q}:l0:", text);
    const seen = async (): Promise<string[]> =>
      (await store.admin.browse("q")).messages.map(({ message: { properties } }) => properties.messageId);
    const [, one = "", two] = await seen();
    expect(one).toMatch(/^undecodable-/);
    expect(await store.admin.drop("q", { messageIds: [one] })).toBe(1);
    expect(await seen()).toEqual(["a", two]);
    const { messages } = await store.claim(request);
    expect(messages.map(({ message: { properties } }) => properties.messageId)).toEqual(["a", two]);
  });

  test("a dead-letter queue that is declared by its own name is in order of death, and is made anew as well", async () => {
    const store = await openStore();
    await store.admin.delete("q.dead");
    await store.declare([{ name: "q.dead" }]);
    expect(await tell("HMGET", "lovage:{q}.dead", "f", "p")).toEqual([Buffer.from("0"), Buffer.from("0")]);
    await store.admin.delete("q.dead");
    await store.publish([message("a")]);
    const [held] = (await store.claim(request)).messages;
    if (held === undefined) throw new Error("Nothing was claimed.");
    const reason = { reason: "failed" } as const;
    await store.settle("q", [{ kind: "reject", lease: held.lease, reason, message: held.message, count: 1 }]);
    await expect(store.claim({ ...request, queue: "q.dead" })).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
    await store.declare([{ name: "q" }]);
    expect((await store.claim({ ...request, queue: "q.dead" })).messages).toHaveLength(1);
  });

  test.each([1, 200])(
    "what is dropped by id waits no more, though others of %i flows are worked off and become due meanwhile",
    async (flows) => {
      const [store, worker] = [await openStore(), await openStore()];
      const { properties } = message("");
      const sent = Array.from({ length: 6_000 }, (_, index) => {
        const key = `k${index % flows}`;
        const delayed = index % 10 === 0 ? { notBefore: { inMs: 100 + index / 10 } } : {};
        return message("", { properties: { ...properties, messageId: String(index), key }, ...delayed });
      });
      for (let from = 0; from < sent.length; from += 1_000) await store.publish(sent.slice(from, from + 1_000));
      const ids = Array.from({ length: 1_000 }, (_, index) => String(5_999 - index * 4));
      const over = new AbortController();
      const work = async (): Promise<void> => {
        while (!over.signal.aborted) {
          const { messages } = await worker.claim({ ...request, max: 20 });
          const acks = messages.map(({ lease }) => ({ kind: "ack", lease }) as const);
          if (acks.length > 0) await worker.settle("q", acks);
        }
      };
      const working = work();
      const dropped = await store.admin.drop("q", { messageIds: ids });
      over.abort();
      await working;
      expect(dropped).toBeGreaterThan(100);
      const left: string[] = [];
      for (const state of ["ready", "delayed"] as const) {
        for (let cursor: string | undefined, isMore = true; isMore;) {
          const page = await store.admin.browse("q", {
            state,
            limit: 1_000,
            ...(cursor === undefined ? {} : { cursor }),
          });
          left.push(...page.messages.map((each) => each.message.properties.messageId));
          cursor = page.next;
          isMore = cursor !== undefined;
        }
      }
      expect(left.filter((id) => ids.includes(id))).toEqual([]);
    },
    30_000,
  );

  test("what was sent before the queue was declared without priorities or fairness is dropped all the same", async () => {
    const store = await openStore();
    const { properties } = message("");
    const sent = ["a", "b", "c"].map((id, index) =>
      message(id, { properties: { ...properties, messageId: id, priority: index, key: `k${index}` } }),
    );
    await store.publish(sent);
    await store.declare([{ name: "q", priorities: false, fairness: false }]);
    expect(await store.admin.drop("q", { messageIds: ["b"] })).toBe(1);
    expect(await store.admin.drop("q", { first: 10 })).toBe(2);
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 0 });
  });

  test("what was routed through an exchange before a reconnection goes to Celery's workers after it as well", async () => {
    const store = await openStore();
    await store.declare([{ name: "py", consumers: "celery" }]);
    await store.bindings?.bind([{ name: "x", type: "fanout" }], [{ exchange: "x", queue: "py", routingKey: "" }]);
    const { store: publisher } = openedStore(server().url);
    onTestFinished(() => publisher.close());
    const events = { wake: () => {}, deliver: () => {}, lost: () => {} };
    await publisher.open(events);
    await publisher.bindings?.read("x");
    await publisher.open(events);
    await publisher.publish([message("a", { to: "py" })]);
    expect(await Promise.all([tell("LLEN", "py"), tell("LLEN", "lovage:{py}:l0:")])).toEqual([1, 0]);
    // Who reads it now is asked at each opening.
    await store.declare([{ name: "py", consumers: "lovage" }]);
    await publisher.open(events);
    await publisher.publish([message("b", { to: "py" })]);
    expect(await Promise.all([tell("LLEN", "py"), tell("LLEN", "lovage:{py}:l0:")])).toEqual([1, 1]);
  });

  test("an exchange that is declared with another type is refused with its bindings", async () => {
    const store = await openStore();
    await store.bindings?.bind([{ name: "x", type: "fanout" }], [{ exchange: "x", queue: "q", routingKey: "" }]);
    const other = store.bindings?.bind(
      [{ name: "x", type: "topic" }],
      [{ exchange: "x", queue: "b", routingKey: "#" }],
    );
    await expect(other).rejects.toMatchObject({ code: "TOPOLOGY_MISMATCH" });
    expect((await store.bindings?.read("x"))?.bindings).toMatchObject([{ queue: "q" }]);
  });
});
