import type { ClaimedMessage, LeaseStore, RoutedMessage } from "@lovage/lease-engine";
import { describe, expect, onTestFinished, test } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { envelope, idsOf, listOf, message } from "./kombu-bench.ts";
import { openedStore, tellServer, type Tell } from "./opened-store.ts";
import { redisServer } from "./redis-server.ts";

const narrow = ["ACL", "SETUSER", "narrow", "on", ">p", "resetkeys", "~lovage:*", "~_kombu.binding.*", "~py"] as const;
const wide = ["~py*", "allchannels", "+@all"] as const;
const rejected = { code: "TRANSPORT_REJECTED" };
/** One of the lists of Celery's workers, which is then out of reach. */
const lost = listOf("py", 3);

async function claim(store: LeaseStore, queue: string): Promise<readonly ClaimedMessage[]> {
  return (await store.claim({ queue, max: 10, leaseMs: 30_000, suspects: false })).messages;
}

async function claimOne(store: LeaseStore, queue: string): Promise<ClaimedMessage> {
  const [found] = await claim(store, queue);
  if (found === undefined) throw new Error("Nothing was claimed.");
  return found;
}

/** Of a priority that belongs into the list that is lost. */
function forPython(id: string): RoutedMessage {
  const { properties } = message(id);
  return message(id, { to: "py", properties: { ...properties, priority: 3 } });
}

// Redis takes nothing back of a script that is refused in its midst: it has to be refused before.
describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  const tell: Tell = (...command) => tellServer(server().url, ...command);

  async function openStore(): Promise<LeaseStore> {
    const [command, ...rules] = [...narrow, ...wide];
    await tell("FLUSHALL");
    await tell(command, ...rules);
    const { store } = openedStore(server().url.replace("//", "//narrow:p@"));
    onTestFinished(() => store.close());
    await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await store.declare([{ name: "own" }, { name: "py", consumers: "mixed" }]);
    return store;
  }

  const lengthOf = (list: string): Promise<unknown> => tell("LLEN", list);

  describe.each([
    ["a user who has no right to", () => tell(...narrow), () => tell("ACL", "SETUSER", "narrow", ...wide)],
    ["somebody else's key in place of", () => tell("HSET", lost, "a", "b"), () => tell("DEL", lost)],
  ])("%s one of Celery's lists", (_, breakList, mendList) => {
    test("a batch for this one and others is refused whole", async () => {
      const store = await openStore();
      await breakList();
      const batch = [message("a", { to: "own" }), forPython("b"), message("c", { to: "own" })];
      await expect(store.publish(batch)).rejects.toMatchObject(rejected);
      await expect(store.publish([message("d", { to: "py" }), forPython("e")])).rejects.toMatchObject(rejected);
      expect(await Promise.all([lengthOf("lovage:{own}:l0:"), lengthOf("py")])).toEqual([0, 0]);
    });

    test("a delivery with a next step for it is not settled, and can be", async () => {
      const store = await openStore();
      await store.publish([message("a", { to: "own" }), message("b", { to: "own" })]);
      const held = await claim(store, "own");
      await breakList();
      const followUps = [forPython("next")];
      const acks = held.map(
        ({ lease }, index) => ({ kind: "ack", lease, followUps: index === 0 ? [] : followUps }) as const,
      );
      await expect(store.settle("own", acks)).rejects.toMatchObject(rejected);
      const [first, second] = held.map(({ lease }) => lease);
      if (first === undefined || second === undefined) throw new Error("Two are held.");
      expect(await store.settle("own", [{ kind: "ack", lease: first }])).toBeNull();
      const dead = { kind: "reject", reason: { reason: "refused" }, message: message("b"), count: 1 } as const;
      expect(await store.settle("own", [{ ...dead, lease: second }])).toBeNull();
      expect(await lengthOf("lovage:{own}.dead:l0:")).toBe(1);
    });

    test("a dead letter that is replayed to it stays", async () => {
      const store = await openStore();
      await store.publish([forPython("a")]);
      const { lease, message: sent } = await claimOne(store, "py");
      const dead = { kind: "reject", reason: { reason: "refused" }, message: sent, count: 1 } as const;
      await store.settle("py", [{ ...dead, lease }]);
      await breakList();
      await expect(store.admin.replay("py.dead", { first: 1 })).rejects.toMatchObject(rejected);
      expect(await lengthOf("lovage:{py}.dead:l0:")).toBe(1);
      await mendList();
      expect(await store.admin.replay("py.dead", { first: 1 })).toBe(1);
      expect(await claim(store, "py")).toHaveLength(1);
    });

    test("a claim takes nothing out of the others, and makes nothing ready", async () => {
      const store = await openStore();
      await tell("LPUSH", "py", envelope("a"));
      await store.publish([{ ...forPython("b"), notBefore: { inMs: 1 } }]);
      await breakList();
      await expect(claim(store, "py")).rejects.toMatchObject(rejected);
      await expect(claim(store, "py")).rejects.toMatchObject(rejected);
      await expect(store.admin.browse("py")).rejects.toMatchObject(rejected);
      await expect(store.publish([{ ...forPython("c"), notBefore: { inMs: 1 } }])).rejects.toMatchObject(rejected);
      expect(await lengthOf("py")).toBe(1);
      await mendList();
      await expect.poll(async () => idsOf(await claim(store, "py"))).toContain("b");
      expect(await tell("ZCARD", "lovage:{py}:d")).toBe(0);
    });

    test("what is held is given back once it can be, by hand or at the end of its lease", async () => {
      const store = await openStore();
      await store.publish([forPython("a"), forPython("b")]);
      const [one] = await claim(store, "py");
      if (one === undefined) throw new Error("Nothing was claimed.");
      await breakList();
      const release = { kind: "release", lease: one.lease, delayMs: 0 } as const;
      await expect(store.settle("py", [release])).rejects.toMatchObject(rejected);
      await store.extend("py", [one.lease], 0);
      const sweep = (): ReturnType<LeaseStore["sweep"]> => store.sweep({ queues: ["py"], suspectAfter: 9, max: 10 });
      await expect.poll(async () => await sweep().catch((error: unknown) => error)).toMatchObject(rejected);
      await mendList();
      expect(await sweep()).toMatchObject({ recovered: 1 });
      expect(idsOf(await claim(store, "py"))).toEqual(["a"]);
    });

    test("a program does not begin", async () => {
      const store = await openStore();
      await breakList();
      const declared = store.declare([{ name: "py" }]);
      await expect(declared).rejects.toMatchObject(rejected);
      await expect(declared).rejects.toThrow(/Queue "py" .*Celery/u);
    });
  });
});
