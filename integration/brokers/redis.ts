import path from "node:path";
import { RedisConnection, redisTarget } from "@lovage/client-redis";
import { silentLog, systemClock } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import type { Broker } from "./broker.ts";

/** A Redis server with an append-only file: what a killed server had accepted is there again. */
export const redis: Broker = {
  name: "redis",
  suites: ["integration/drivers/redis", "integration/redis/"],
  service: "redis",
  tellsTime: true,
  exemptions: {
    25: "it has no file of ours; a full memory is row 19",
    64: "it has no schema; there is one release, whose form of messages carries a version",
  },
  place: ({ directory, pace: { leaseMs, sweepMs }, url }) => {
    const backend = `${url}?prefix=${path.basename(directory)}`;
    const broker = `${backend}&lease=${leaseMs}ms&sweep=${sweepMs}ms`;
    return { broker, backend, openTransport: () => redisTransport({ url: broker }) };
  },
  storeBytes: async ({ url }) => {
    const opening = {
      target: redisTarget(url, {}),
      clock: systemClock,
      log: silentLog,
      name: "size",
      onLost: () => {},
    };
    const connection = await RedisConnection.open(opening);
    try {
      return Number(/used_memory:(\d+)/u.exec(String(await connection.call("INFO", ["memory"])))?.[1]);
    } finally {
      connection.close();
    }
  },
};
