import { redisBackend } from "@lovage/backend-redis";
import { testBackend } from "@lovage/conformance";
import { systemClock } from "@lovage/foundation";
import { afterAll, beforeAll, describe, it } from "vitest";
import { afterAgeMs, ageLua } from "../drivers/redis/age-redis.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";
import { beside } from "./shared-harness.ts";

const age = `#!lua flags=allow-cross-slot-keys\n${ageLua}`;

describeOwnServer(
  "redis",
  () => {
    let cluster: RedisCluster;
    beforeAll(async () => void (cluster = await RedisCluster.start()));
    afterAll(async () => await cluster[Symbol.asyncDispose]());
    const onAll = (command: string, ...args: readonly (string | number)[]): Promise<void> =>
      beside({ url: seedsOf(cluster), options: { cluster: true } }, (all) => all.callAll(command, args));

    testBackend({
      name: "Redis cluster",
      runner: { describe, it },
      make: () =>
        Promise.resolve({
          open: () => redisBackend({ url: seedsOf(cluster), cluster: true, name: "conformance" }),
          advance: async (ms) => {
            await onAll("EVAL", age, 0, ms);
            await systemClock.sleep(afterAgeMs);
          },
          dispose: () => onAll("FLUSHALL"),
        }),
      model: { toleranceMs: 250 },
    });
  },
  ["private"],
);
