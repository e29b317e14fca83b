import { readFile } from "node:fs/promises";
import { systemClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { redisTransport } from "@lovage/transport-redis";
import { expect, onTestFinished, test, vi } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { envelope, idsOf, kombuBench, listOf, message, secondStore } from "./kombu-bench.ts";
import { redisServer } from "./redis-server.ts";

describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  const bench = (...rest: Parameters<typeof kombuBench> extends [string, ...infer Rest] ? Rest : never) =>
    kombuBench(server().url, ...rest);

  test("administration sees Kombu's lists: counts, pages, drops, purges, deletes", async () => {
    const { store, tell, list } = await bench({ consumers: "mixed" });
    for (const [step, id] of [
      [0, "a"],
      [0, "b"],
      [0, "c"],
      [9, "z"],
    ] as const)
      await tell("LPUSH", listOf("q", step), envelope(id));
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 4 });
    const names: unknown[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 4; pages += 1) {
      const page = await store.admin.browse("q", { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
      names.push(...page.messages.map((each) => each.message.headers["id"]));
      cursor = page.next;
    }
    expect(names).toEqual(["a", "b", "c", "z"]);
    expect(await store.admin.drop("q", { messageIds: ["tag-b", "tag-z"] })).toBe(2);
    expect((await list("q")).map((raw) => (JSON.parse(raw) as { headers: { id: string } }).headers.id)).toEqual([
      "a",
      "c",
    ]);
    expect(await store.admin.purge("q")).toBe(2);
    await tell("LPUSH", "q", envelope("d"));
    await store.admin.delete("q");
    expect(await tell("KEYS", "*q*")).toEqual([]);
  });

  test("a queue that is bound to an exchange is bound for Python's producers, too, in Kombu's patterns", async () => {
    const { store, tell } = await bench({ consumers: "mixed" });
    await store.declare([{ name: "own" }]);
    const exchanges = [
      { name: "media", type: "topic" },
      { name: "orders", type: "direct" },
    ] as const;
    await store.bindings?.bind(exchanges, [
      { exchange: "media", queue: "q", routingKey: "media.video.#" },
      { exchange: "orders", queue: "q", routingKey: "new" },
      { exchange: "orders", queue: "own", routingKey: "new" },
    ]);
    const members = async (exchange: string): Promise<string[]> =>
      ((await tell("SMEMBERS", `_kombu.binding.${exchange}`)) as Buffer[]).map(String);
    expect(await members("media")).toEqual(["media.video.#\u0006\u0016^media\\.video\\..*?$\u0006\u0016q"]);
    expect(await members("orders")).toEqual(["new\u0006\u0016\u0006\u0016q"]);
    await store.admin.delete("q");
    expect(await tell("KEYS", "_kombu.binding.*")).toEqual([]);
  });

  test.each(["celery", "mixed"] as const)(
    "a program that has not declared a queue of %s consumers reaches it through an exchange, in Kombu's list",
    async (consumers) => {
      const { store, list } = await bench({ consumers });
      const binding = { exchange: "orders", queue: "q", routingKey: "new" };
      await store.bindings?.bind([{ name: "orders", type: "direct" }], [binding]);
      const other = await redisTransport({ url: server().url });
      onTestFinished(() => other.close());
      const { to: _, ...sent } = message("a", { headers: { id: "one" } });
      await other.publish([{ ...sent, to: { exchange: "orders", routingKey: "new" } }]);
      await other.declare({ queues: [{ name: "source" }] });
      const { to: __, ...next } = message("b", { headers: { id: "two" } });
      const handed = Promise.withResolvers<Delivery>();
      await other.consume({ queue: "source", prefetch: 1, onDelivery: handed.resolve });
      await other.publish([message("c", { to: "source" })]);
      await (await handed.promise).ack([{ ...next, to: { exchange: "orders", routingKey: "new" } }]);
      const ids = (await list("q")).map((raw) => (JSON.parse(raw) as { headers: { id: string } }).headers.id);
      expect(ids).toEqual(["one", "two"]);
    },
  );

  test("a dead letter goes back to Kombu's list, also from a program that has not declared the queue", async () => {
    const { store, tell, claim, list } = await bench({ consumers: "mixed" });
    await tell("LPUSH", "q", envelope("one"));
    const [{ lease, message: found } = expect.fail()] = await claim();
    await store.settle("q", [{ kind: "reject", lease, reason: { reason: "failed" }, message: found, count: 1 }]);
    const other = await secondStore(server().url);
    expect(await other.admin.replay("q.dead", { first: 10 })).toBe(1);
    const [raw = "{}"] = await list("q");
    expect(JSON.parse(raw)).toMatchObject({ headers: { id: "one", task: "tasks.add" } });
  });

  test("who reads a queue may change: nothing that waits is lost", async () => {
    const { store, claim, tell } = await bench({});
    await store.publish([message("own"), message("late", { notBefore: { inMs: 10 } })]);
    await store.declare([{ name: "q", consumers: "mixed" }]);
    await tell("LPUSH", "q", envelope("python"));
    await store.publish([message("shared")]);
    await systemClock.sleep(20);
    expect(new Set(idsOf(await claim(2)))).toEqual(new Set(["late", "own"]));
    await store.declare([{ name: "q", consumers: "lovage" }]);
    await store.publish([message("own again")]);
    expect(new Set(idsOf(await claim()))).toEqual(new Set(["own again", "python", "shared"]));
  });

  test("one that publishes to an exchange asks again who reads its queues when it connects anew", async () => {
    const { store, list } = await bench({});
    await store.bindings?.bind([{ name: "x", type: "fanout" }], [{ exchange: "x", queue: "q", routingKey: "" }]);
    const other = await secondStore(server().url);
    await other.bindings?.read("x");
    await store.declare([{ name: "q", consumers: "celery" }]);
    await other.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await other.bindings?.read("x");
    await other.publish([message("a")]);
    expect(await list("q")).toHaveLength(1);
  });

  test("Celery's global prefix is that of lists, bindings and channels", async () => {
    const { store, tell, claim, woken } = await bench({ consumers: "mixed" }, { globalKeyPrefix: "shop:" });
    await store.publish([message("ours")]);
    expect(await tell("LLEN", "shop:q")).toBe(1);
    expect(await tell("SCARD", "shop:_kombu.binding.q")).toBe(1);
    expect(idsOf(await claim())).toEqual(["ours"]);
    await claim();
    woken.length = 0;
    await tell("LPUSH", "shop:q", envelope("python"));
    await vi.waitUntil(() => woken.length > 0, { timeout: 20_000 });
    expect(woken).toEqual(["q"]);
  });

  test("a user who may only touch the keys of Lovage has queues of his own all the same", async () => {
    const { tell } = await bench({});
    await tell("ACL", "SETUSER", "narrow", "on", ">secret", "~lovage:*", "&lovage:*", "&__redis__:invalidate", "+@all");
    const store = await secondStore(server().url.replace("//", "//narrow:secret@"));
    await store.declare([{ name: "q" }]);
    await store.publish([message("ours")]);
    const request = { queue: "q", max: 5, leaseMs: 1_000, suspects: false };
    expect(idsOf((await store.claim(request)).messages)).toEqual(["ours"]);
    expect((await store.claim(request)).messages).toEqual([]);
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ unsettled: 1 });
  });

  test("the user of the documentation, with the rights for Celery, shares queues with it", async () => {
    const { tell, list } = await bench({});
    const page = await readFile(new URL("../../../docs/redis.md", import.meta.url), "utf8");
    for (const [, rules = ""] of page.matchAll(/^ACL SETUSER ([^`]*)```/gmu)) {
      await tell("ACL", "SETUSER", ...rules.trim().split(/\s+/u));
    }
    const store = await secondStore(server().url.replace("//", "//lovage:password@"));
    await store.declare([{ name: "celery", consumers: "mixed" }, { name: "default" }]);
    await store.publish([message("ours", { to: "celery" })]);
    expect(await list("celery")).toHaveLength(1);
    for (const queue of ["celery", "default"]) {
      await tell("LPUSH", queue, envelope("python"));
      const request = { queue, max: 5, leaseMs: 1, suspects: false };
      expect(idsOf((await store.claim(request)).messages)).toContain("python");
      expect((await store.claim(request)).messages).toEqual([]);
      await systemClock.sleep(5);
      expect(await store.sweep({ queues: [queue], suspectAfter: 2, max: 5 })).toMatchObject({ more: false });
      expect((await store.claim({ ...request, leaseMs: 1_000 })).messages[0]).toMatchObject({ losses: 1 });
      await store.admin.delete(queue);
    }
    const log = String(((await tell("ACL", "LOG")) as unknown[]).flat());
    expect(log).not.toContain("username,lovage");
  });

  test("where the server does not tell of changes, polls find what Python sends", async () => {
    const { tell } = await bench({});
    await tell("ACL", "SETUSER", "deaf", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
    const store = await secondStore(server().url.replace("//", "//deaf:secret@"));
    await store.declare([{ name: "q" }]);
    const request = { queue: "q", max: 5, leaseMs: 1_000, suspects: false };
    expect((await store.claim(request)).messages).toEqual([]);
    await tell("LPUSH", "q", envelope("python"));
    expect(idsOf((await store.claim(request)).messages)).toEqual(["python"]);
    expect(store.facts.fallbackPollMs).toBeLessThanOrEqual(1_000);
  });
});
