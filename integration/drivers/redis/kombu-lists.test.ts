import { systemClock } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import { expect, onTestFinished, test, vi } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { envelope, idsOf, kombuBench, listOf, message } from "./kombu-bench.ts";
import { redisServer } from "./redis-server.ts";

describeOwnServer("redis", (start) => {
  const server = redisServer(start);
  const bench = (...rest: Parameters<typeof kombuBench> extends [string, ...infer Rest] ? Rest : never) =>
    kombuBench(server().url, ...rest);

  test("a queue of Celery's is bound as Celery binds it, and its messages are envelopes in the lists of their steps", async () => {
    const { store, tell, list } = await bench({ consumers: "celery" });
    expect(await tell("SMEMBERS", "_kombu.binding.q")).toEqual([Buffer.from("q\u0006\u0016\u0006\u0016q")]);
    const properties = { messageId: "a:0", contentType: "application/json", contentEncoding: "utf-8" };
    await store.publish(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((priority) => message("a", { properties: { ...properties, priority } })),
    );
    const prioritiesIn = async (step: 0 | 3 | 6 | 9): Promise<unknown[]> =>
      (await list(listOf("q", step))).map(
        (raw) => (JSON.parse(raw) as { properties: { priority: number } }).properties.priority,
      );
    expect(await Promise.all(([0, 3, 6, 9] as const).map(prioritiesIn))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9],
    ]);
    const [raw = ""] = await list("q");
    expect(JSON.parse(raw)).toMatchObject({
      body: Buffer.from("[]").toString("base64"),
      "content-type": "application/json",
      "content-encoding": "utf-8",
      properties: {
        body_encoding: "base64",
        delivery_mode: 2,
        delivery_tag: expect.stringMatching(/^[0-9a-f-]{36}$/u) as string,
        delivery_info: { exchange: "", routing_key: "q" },
        priority: 0,
      },
    });
  });

  test("a mixed queue is read in Kombu's order: step by step, the first in first", async () => {
    const { tell, claim } = await bench({ consumers: "mixed" });
    for (const step of [9, 3, 0, 6] as const) {
      for (const name of ["a", "b"]) await tell("LPUSH", listOf("q", step), envelope(`${name}${step}`));
    }
    expect(idsOf(await claim(3))).toEqual(["a0", "b0", "a3"]);
    expect(idsOf(await claim())).toEqual(["b3", "a6", "b6", "a9", "b9"]);
  });

  test("a message comes as Celery has sent it", async () => {
    const { tell, claim } = await bench({});
    await tell("LPUSH", "q", envelope("one"));
    const [found] = await claim();
    expect(found).toMatchObject({ losses: 0, redelivered: false });
    expect(found?.message).toMatchObject({
      headers: { task: "tasks.add", id: "one", timelimit: [null, null] },
      properties: { contentType: "application/json", contentEncoding: "utf-8", correlationId: "one" },
    });
    expect(Buffer.from(found?.message.body ?? []).toString()).toMatch(/^\[\[2, 3\], \{\}/u);
  });

  test("a queue of our own takes over what Python sends, of every step, behind what waits already", async () => {
    const { store, tell, claim } = await bench({});
    await store.publish([message("ours")]);
    for (const step of [0, 3, 6, 9] as const) await tell("LPUSH", listOf("q", step), envelope(`theirs${step}`));
    // The number of a message means what its queue says: on ours 9 is the most urgent.
    expect(idsOf(await claim())).toEqual(["theirs9", "theirs6", "theirs3", "ours", "theirs0"]);
    expect(await tell("EXISTS", "q", listOf("q", 3), listOf("q", 6), listOf("q", 9))).toBe(0);
  });

  test.each(["lovage", "mixed"] as const)(
    "a queue of %s consumers that was deleted while it is read comes back with all that it was declared with",
    async (consumers) => {
      const { store, tell } = await bench({});
      const connection = await redisTransport({ url: server().url });
      onTestFinished(() => connection.close());
      const fair = consumers === "lovage" ? { fairness: false } : {};
      await connection.declare({ queues: [{ name: "q", consumers, ...fair, deadLetterRetentionMs: 1_234 }] });
      const options = async (): Promise<unknown> => [
        await tell("HMGET", "lovage:{q}", "f", "p", "c", "k", "m"),
        await tell("HGET", "lovage:{q}.dead", "r"),
      ];
      const declared = await options();
      const arrived: unknown[] = [];
      await connection.consume({
        queue: "q",
        prefetch: 10,
        onDelivery: (delivery) => void delivery.ack().then(() => arrived.push(delivery.message.headers["id"])),
      });
      for (const [round, remove] of [
        () => tell("FLUSHDB"),
        () => tell("DEL", "lovage:{q}", "lovage:{q}.dead"),
        () => store.admin.delete("q"),
      ].entries()) {
        await remove();
        // One makes the queue anew without knowing who reads it.
        if (round === 1) await store.publish([message("a", { headers: { id: "ours" } })]);
        await tell("LPUSH", "q", envelope(`theirs${round}`));
        await expect.poll(() => arrived, { timeout: 20_000 }).toContain(`theirs${round}`);
        expect(await options()).toEqual(declared);
      }
      expect(new Set(arrived)).toEqual(new Set(["ours", "theirs0", "theirs1", "theirs2"]));
      expect(arrived).toHaveLength(4);
    },
  );

  test("who sleeps is woken by what Python sends, once for each look", async () => {
    for (const consumers of ["lovage", "mixed"] as const) {
      const { tell, claim, woken } = await bench({ consumers });
      for (const step of [0, 9] as const) {
        expect(await claim()).toEqual([]);
        woken.length = 0;
        await tell("LPUSH", listOf("q", step), envelope("one"));
        await vi.waitUntil(() => woken.length > 0, { timeout: 20_000, interval: 1 });
        expect(woken).toEqual(["q"]);
        expect(idsOf(await claim())).toEqual(["one"]);
      }
    }
  });

  test("what Python sends between the claim and the look wakes, too", async () => {
    const { store, tell, woken } = await bench({});
    const empty = store.claim({ queue: "q", max: 1, leaseMs: 1_000, suspects: false });
    const sent = tell("LPUSH", "q", envelope("one"));
    await Promise.all([empty, sent]);
    await vi.waitUntil(async () => (await empty).messages.length > 0 || woken.includes("q"), { timeout: 20_000 });
    expect(await sent).toBe(1);
  });

  test("an idle sleeper costs no command but its polls: it is not asked for the lists again and again", async () => {
    const { tell, claim } = await bench({ consumers: "mixed" });
    await claim();
    const existsCalls = async (): Promise<number> => {
      const stats = String(await tell("INFO", "commandstats"));
      return Number(/cmdstat_exists:calls=(\d+)/u.exec(stats)?.[1] ?? 0);
    };
    await tell("CONFIG", "RESETSTAT");
    for (let poll = 0; poll < 5; poll += 1) await claim();
    const withoutLook = await existsCalls();
    await tell("LPUSH", "q", envelope("one"));
    await claim();
    await tell("CONFIG", "RESETSTAT");
    await claim();
    expect(await existsCalls()).toBe(withoutLook / 5 + 1);
  });

  test.each(["lovage", "mixed"] as const)(
    "what Kombu has given back may have run: for %s consumers",
    async (consumers) => {
      const { tell, claim } = await bench({ consumers });
      const headers = { task: "tasks.add", id: "one", redelivered: true };
      await tell("LPUSH", "q", envelope("two"), envelope("one", { headers }));
      expect((await claim()).map(({ redelivered }) => redelivered)).toEqual([false, true]);
    },
  );

  test("what is lost comes back to Kombu's list as it was, its count kept beside it", async () => {
    const { store, tell, claim, list } = await bench({ consumers: "mixed" });
    const raw = envelope("one");
    await tell("LPUSH", listOf("q", 3), raw);
    await claim(1, 1);
    await systemClock.sleep(5);
    expect(await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 })).toEqual({ recovered: 1, more: false });
    expect(await list(listOf("q", 3))).toEqual([raw]);
    const [again] = await claim();
    expect(again).toMatchObject({ losses: 1, redelivered: true });
    // Nothing is left behind.
    expect(await tell("EXISTS", "lovage:{q}:k")).toBe(0);
  });

  test("what was lost and then taken by Python is forgotten after a week", async () => {
    const { store, tell, claim } = await bench({ consumers: "mixed" });
    await tell("LPUSH", "q", envelope("one"));
    await claim(1, 1);
    await systemClock.sleep(5);
    await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 });
    await tell("RPOP", "q");
    const [, score] = (await tell("ZRANGE", "lovage:{q}:k", 0, 0, "WITHSCORES")) as [Buffer, Buffer];
    await tell("ZADD", "lovage:{q}:k", Number(score) - 7 * 86_400 * 512 - 512, "tag-one");
    await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 });
    expect(await tell("EXISTS", "lovage:{q}:k")).toBe(0);
  });

  test("a suspect does not go back to where Python's workers would take it", async () => {
    const { store, tell, claim, list } = await bench({ consumers: "mixed" });
    await tell("LPUSH", "q", envelope("one"));
    await claim(1, 1);
    await systemClock.sleep(5);
    await store.sweep({ queues: ["q"], suspectAfter: 1, max: 10 });
    expect(await list("q")).toEqual([]);
    const suspects = await store.claim({ queue: "q", max: 1, leaseMs: 1_000, suspects: true });
    expect(suspects.messages[0]).toMatchObject({ losses: 1, message: { headers: { id: "one" } } });
  });

  test("what is released comes first again, in its old order", async () => {
    const { store, tell, claim, list } = await bench({ consumers: "mixed" });
    const raws = ["a", "b", "c", "d"].map((id) => envelope(id));
    await tell("LPUSH", "q", ...raws);
    const found = await claim(3);
    await store.settle(
      "q",
      found.map(({ lease }) => ({ kind: "release", lease, delayMs: 0 })),
    );
    expect(await list("q")).toEqual(raws);
    expect((await claim()).map(({ losses, redelivered }) => [losses, redelivered])).toEqual([
      [0, true],
      [0, true],
      [0, true],
      [0, false],
    ]);
  });

  test("a delay is told by the header eta: such a message is in the list at once", async () => {
    const { store, list } = await bench({ consumers: "mixed" });
    const eta = "2030-01-02T03:04:05.000000+00:00";
    await store.publish([message("told", { headers: { eta }, notBefore: { inMs: 60_000 } })]);
    expect(await list("q")).toHaveLength(1);
    await store.publish([message("untold", { notBefore: { inMs: 60_000 } })]);
    expect(await list("q")).toHaveLength(1);
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 1, delayed: 1 });
  });

  test("for a queue that Celery alone reads the header is written, since nobody would fetch it from a delay of ours", async () => {
    const { store, list } = await bench({ consumers: "celery" });
    const beforeMs = Date.now();
    await store.publish([message("one", { notBefore: { inMs: 60_000 } })]);
    const [raw = "{}"] = await list("q");
    const { eta } = (JSON.parse(raw) as { headers: { eta: string } }).headers;
    expect(eta).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/u);
    expect(Math.abs(Date.parse(eta) - beforeMs - 60_000)).toBeLessThan(5_000);
  });
});
