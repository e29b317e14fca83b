import { redisBackend } from "@lovage/backend-redis";
import { redisTransport } from "@lovage/transport-redis";
import type { Connection } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";
import { redisServer } from "../drivers/redis/redis-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { redisCli } from "./redis-cli.ts";

const properties = { messageId: "a", contentType: "application/json", contentEncoding: "utf-8" };

describeOwnServer("redis", (start) => {
  const server = redisServer(start);

  async function openTransport(prefix: string, globalKeyPrefix = ""): Promise<Connection> {
    const connection = await redisTransport({ url: server().url, prefix, globalKeyPrefix });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }], exchanges: [{ name: "x", type: "fanout" }] });
    return connection;
  }

  async function openShared(...prefixes: Parameters<typeof openTransport>): Promise<Connection> {
    const connection = await openTransport(...prefixes);
    await connection.declare({ queues: [{ name: "shared", consumers: "mixed" }] });
    return connection;
  }

  async function openBackend(prefix: string): ReturnType<typeof redisBackend> {
    const backend = await redisBackend({ url: server().url, prefix, globalKeyPrefix: `${prefix}:` });
    onTestFinished(() => backend.close());
    return backend;
  }

  test("two prefixes on one server are two brokers: queues, exchanges, wake-ups and purges of one are not the other's", async () => {
    const [shop, blog] = [await openTransport("shop"), await openTransport("blog")];
    const strays: unknown[] = [];
    await blog.consume({ queue: "q", prefetch: 10, onDelivery: (delivery) => strays.push(delivery) });
    await shop.declare({ queues: [{ name: "only-shop" }], bindings: [{ exchange: "x", queue: "only-shop" }] });
    await shop.publish([{ to: "q", headers: {}, properties, body: Buffer.from("[]") }]);
    await blog.admin.purge("q");
    await expect(
      blog.publish([{ to: { exchange: "x", routingKey: "" }, headers: {}, properties, body: Buffer.from("[]") }]),
    ).rejects.toMatchObject({ code: "MESSAGE_UNROUTABLE" });
    expect(await shop.admin.inspect(["q"])).toMatchObject([{ ready: 1 }]);
    expect(await blog.admin.inspect(["q"])).toMatchObject([{ ready: 0 }]);
    expect(await shop.admin.list()).toEqual(["only-shop", "q"]);
    expect(await blog.admin.list()).toEqual(["q"]);
    expect(strays).toEqual([]);
  });

  test("two prefixes, Celery's as well, have results, joins, locks, limits, unique keys and schedules of their own", async () => {
    for (const prefix of ["shop", "blog"]) {
      const { coordination, joins, results, schedules } = await openBackend(prefix);
      expect(await results?.get(["t"])).toEqual([undefined]);
      const document = JSON.stringify({ status: "SUCCESS", result: prefix });
      const put = { taskId: "t", state: "SUCCESS", document, fence: null, expiresInMs: 60_000 };
      expect(await results?.put([put])).toEqual(["stored"]);
      const hold = await coordination?.acquire({ name: "door", holder: prefix, leaseMs: 60_000 });
      expect(hold).toMatchObject({ granted: true });
      expect(await coordination?.claimKey({ key: "k", owner: prefix, expiresInMs: 60_000 })).toEqual({ owner: prefix });
      expect(await coordination?.reserve({ name: "b", tokens: 1, perMs: 60_000 })).toEqual({ inMs: 0 });
      await joins?.open({ joinId: "j", size: 1, expiresInMs: 60_000 });
      const arrival = { joinId: "j", memberId: prefix, index: 0, payload: "" };
      expect(await joins?.arrive(arrival)).toMatchObject({ arrived: 1, completes: true });
      expect(await schedules?.upsert({ scheduleId: "s", document: prefix })).toMatchObject({ version: 1 });
    }
    const keys = (await redisCli(server(), "keys", "*")).split("\n");
    expect(keys.filter((key) => !/^(shop|blog):/.test(key))).toEqual([]);
  });

  test("Kombu's lists stand where Celery looks for them: two prefixes share them, and only Celery's own prefix keeps them apart", async () => {
    const [shop, blog, apart] = [
      await openShared("shop"),
      await openShared("blog"),
      await openShared("apart", "apart:"),
    ];
    await shop.publish([{ to: "shared", headers: {}, properties, body: Buffer.from("[]") }]);
    expect(await blog.admin.inspect(["shared"])).toMatchObject([{ ready: 1 }]);
    expect(await apart.admin.inspect(["shared"])).toMatchObject([{ ready: 0 }]);
  });
});
