import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { envelope, idsOf, kombuBench, message } from "./kombu-bench.ts";
import { redisServer } from "./redis-server.ts";

describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  const bench = (...rest: Parameters<typeof kombuBench> extends [string, ...infer Rest] ? Rest : never) =>
    kombuBench(server().url, ...rest);

  test("a key of somebody else's that has the name of a queue is left alone", async () => {
    const foreign: readonly (readonly [string, ...string[]])[] = [
      ["SET", "q", "a text"],
      ["HSET", "q", "field", "a value"],
      ["LPUSH", "q", "an item of another program", '{"also": "no message"}'],
    ];
    for (const [command, ...args] of foreign) {
      const warnings: string[] = [];
      const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
      const { store, tell, claim } = await bench({}, { log });
      await tell(command, ...args);
      const before = await tell("DUMP", "q");
      await store.publish([message("ours")]);
      expect(idsOf(await claim())).toEqual(["ours"]);
      for (let poll = 0; poll < 2; poll += 1) expect(await claim()).toEqual([]);
      await store.admin.purge("q");
      expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 0 });
      expect(await tell("DUMP", "q")).toEqual(before);
      expect(warnings.filter((text) => text.includes('"q"'))).toHaveLength(1);
    }
  });

  test("a stray among what Python sends to a queue of our own is handed out, and does not stop what is behind it", async () => {
    const { store, tell, claim } = await bench({});
    await tell("LPUSH", "q", "a stray", "another", envelope("one"), "a third", envelope("two"));
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 5 });
    expect(idsOf(await claim())).toEqual([
      expect.stringMatching(/^undecodable-/),
      expect.stringMatching(/^undecodable-/),
      "one",
      expect.stringMatching(/^undecodable-/),
      "two",
    ]);
    expect(await tell("EXISTS", "q")).toBe(0);
  });

  test("a key of somebody else's that is written all the time costs no looks", async () => {
    const { tell, claim, woken } = await bench({});
    await tell("HSET", "q", "field", 0);
    await claim();
    woken.length = 0;
    for (let write = 0; write < 10; write += 1) {
      await tell("HINCRBY", "q", "field", 1);
      await tell("PING");
    }
    await claim();
    expect(woken).toEqual([]);
  });

  test("an envelope without any id is called alike at each look", async () => {
    const { store, tell, claim } = await bench({ consumers: "mixed" });
    await tell("LPUSH", "q", '{"body": "", "properties": {}}');
    const browse = async (): Promise<unknown> => (await store.admin.browse("q")).messages[0]?.message.properties;
    const first = await browse();
    expect(first).toMatchObject({ messageId: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(await browse()).toEqual(first);
    expect((await claim())[0]?.message.properties).toEqual(first);
  });

  test("a queue that Celery knows too, and of which nobody has said who reads it, is warned of until Lovage works on it", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    const told = (): string[] => warnings.filter((text) => text.includes("Celery has a queue"));
    const { store, tell, claim } = await bench({}, { log });
    for (const name of ["reports", "q", "ours"]) await tell("SADD", `_kombu.binding.${name}`, "a binding");
    await store.declare([{ name: "ours", consumers: "lovage" }, { name: "other" }]);
    expect(told()).toEqual([]);
    await store.publish([message("a")]);
    await claim();
    for (const _ of [1, 2]) await store.declare([{ name: "reports" }, { name: "q" }]);
    expect(told()).toEqual([expect.stringContaining('"reports"')]);
  });

  test("what is no message is handed out as a body, so that it can be dead-lettered, and what follows it flows", async () => {
    const { store, tell, claim, list } = await bench({ consumers: "mixed" });
    const broken = [
      "no JSON",
      "{",
      "[]",
      "{}",
      '{"body": 1, "properties": {}}',
      '{"body": "", "headers": {}}',
      "\u0001\u0000",
      "",
    ];
    await tell("LPUSH", "q", ...broken, envelope("fine"));
    const found = await claim(20);
    expect(found).toHaveLength(broken.length + 1);
    expect(idsOf(found).at(-1)).toBe("fine");
    for (const [place, { lease, message: bad }] of found.slice(0, -1).entries()) {
      expect(Buffer.from(bad.body).toString()).toBe(broken[place]);
      const settlement = { kind: "reject", lease, reason: { reason: "undecodable" }, message: bad, count: 1 } as const;
      expect(await store.settle("q", [settlement])).toBeNull();
    }
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ dead: broken.length, ready: 0 });
    expect(await list("q")).toEqual([]);
  });
});
