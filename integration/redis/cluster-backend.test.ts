import type { RedisConnection } from "@lovage/client-redis";
import { redisBackend } from "@lovage/backend-redis";
import { testBackend } from "@lovage/conformance";
import { systemClock } from "@lovage/foundation";
import { afterAll, beforeAll, describe, it } from "vitest";
import { afterAgeMs, ageLua } from "../drivers/redis/age-redis.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";
import { openBeside } from "./shared-harness.ts";

const age = `#!lua flags=allow-cross-slot-keys\n${ageLua}`;

describeOwnServer(
  "redis",
  () => {
    let cluster: RedisCluster;
    let beside: RedisConnection;
    beforeAll(async () => {
      cluster = await RedisCluster.start();
      beside = await openBeside({ url: seedsOf(cluster), options: { cluster: true } });
    });
    afterAll(async () => {
      beside.close();
      await cluster[Symbol.asyncDispose]();
    });

    testBackend({
      name: "Redis cluster",
      runner: { describe, it },
      make: () =>
        Promise.resolve({
          open: () => redisBackend({ url: seedsOf(cluster), cluster: true, name: "conformance" }),
          advance: async (ms) => {
            await beside.callAll("EVAL", [age, 0, ms]);
            await systemClock.sleep(afterAgeMs);
          },
          dispose: async () => void (await beside.callAll("FLUSHALL", [])),
        }),
      model: { toleranceMs: 250 },
    });
  },
  ["private"],
);
