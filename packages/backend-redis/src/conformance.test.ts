import { testBackend } from "@lovage/conformance";
import { afterAll, beforeAll, describe, it } from "vitest";

import { startRedis, type TestRedis } from "../../client-redis/src/test-support/redis-server.ts";
import { agingStore } from "./test-support/aging-store.ts";

let server: TestRedis;
let databases = 0;
beforeAll(async () => {
  server = await startRedis("--databases", "2000");
});
afterAll(() => server.close());

testBackend({
  name: "Redis",
  runner: { describe, it },
  make: async () => {
    databases += 1;
    return agingStore(server, databases);
  },
  // The server's clock goes on while a sequence of calls is made.
  model: { toleranceMs: 250 },
});
