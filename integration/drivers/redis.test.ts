import { backend } from "@lovage/backend-redis";
import { transport } from "@lovage/transport-redis";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { ageRedis } from "./redis/age-redis.ts";
import { databaseUrl } from "./redis/database-url.ts";
import { testDriver } from "./test-driver.ts";

describeOwnServer("redis", (start) => {
  testDriver({
    name: "redis",
    start,
    server: { settings: ["--databases", "5000"] },
    transport: {
      driver: transport,
      place: (_, number) => ({ options: { prefix: `case${number}`, lease: 1_000, sweep: 100 } }),
    },
    backend: {
      driver: backend,
      place: (server, number) => {
        const url = databaseUrl(server.url, number);
        return { url, age: (ms) => ageRedis(url, ms) };
      },
      // The server's clock goes on while a sequence of calls is made.
      model: { toleranceMs: 250 },
    },
  });
});
