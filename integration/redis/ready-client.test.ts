import { redisBackend } from "@lovage/backend-redis";
import { redisTransport } from "@lovage/transport-redis";
import { Cluster, Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { redisServer } from "../drivers/redis/redis-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { throughBoth } from "./through-both.ts";

describeOwnServer("redis", (start) => {
  const server = redisServer(start);

  test("a ready-made client lends where and how to connect, works on meanwhile, and is not closed", async () => {
    const client = new Redis({ port: server().port, keyPrefix: "mine:", db: 3 });
    onTestFinished(() => client.disconnect());
    await client.set("a", "1");
    // The URL is only there to say which driver it is: what the client says counts.
    await throughBoth(
      await redisTransport({ url: "redis://not.there:1", client }),
      await redisBackend({ url: "redis://not.there:1", client }),
    );
    expect(client.status).toBe("ready");
    expect(await client.get("a")).toBe("1");
    const keys = await client.keys("*");
    // In the client's database, without its key prefix.
    expect(keys.filter((key) => key.startsWith("mine:"))).toEqual(["mine:a"]);
    expect(keys.some((key) => key.startsWith("lovage:"))).toBe(true);
  });

  test("settings of a ready-made client under which the drivers could not work are left out", async () => {
    const settings = {
      commandTimeout: 1,
      enableAutoPipelining: true,
      stringNumbers: true,
      reconnectOnError: () => true,
    };
    const client = new Redis({ port: server().port, db: 4, lazyConnect: true, ...settings });
    onTestFinished(() => client.disconnect());
    await throughBoth(
      await redisTransport({ url: server().url, client }),
      await redisBackend({ url: server().url, client }),
    );
    expect(client.options).toMatchObject(settings);
  });

  test("a ready-made client that is not connected stays so", async () => {
    const client = new Redis({ port: server().port, lazyConnect: true });
    await throughBoth(
      await redisTransport({ url: server().url, client }),
      await redisBackend({ url: server().url, client }),
    );
    expect(client.status).toBe("wait");
  });
});

describeOwnServer(
  "redis",
  () => {
    test("a ready-made Cluster lends its nodes and settings, and is not closed", async () => {
      await using cluster = await RedisCluster.start();
      const client = new Cluster([{ host: "127.0.0.1", port: cluster.nodes[0]?.port ?? 0 }]);
      onTestFinished(() => client.disconnect());
      await client.set("a", "1");
      await throughBoth(
        await redisTransport({ url: "redis://not.there:1", client }),
        await redisBackend({ url: "redis://not.there:1", client }),
      );
      expect(client.status).toBe("ready");
      expect(await client.get("a")).toBe("1");
    });
  },
  ["private"],
);
