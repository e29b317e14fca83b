export { backend } from "./driver.ts";
export type { RedisBackendOptions } from "./options.ts";
export { redisBackend } from "./redis-backend.ts";
export type { RedisBackendSettings } from "./redis-backend.ts";
