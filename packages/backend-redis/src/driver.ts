import type { BackendDriver } from "@lovage/backend";

import { redisBackendOptions, type RedisBackendOptions } from "./options.ts";
import { redisBackend } from "./redis-backend.ts";

/** Opens `redis:` and `rediss:` URLs: the server that the transport and Celery may use too. */
export const backend: BackendDriver<RedisBackendOptions> = Object.freeze<BackendDriver<RedisBackendOptions>>({
  schemes: ["redis", "rediss"],
  options: redisBackendOptions,
  open: async ({ url, options, clock, log, name }) => await redisBackend({ ...options, url, clock, log, name }),
});
