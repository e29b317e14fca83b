export type { RedisTransportOptions } from "./options.ts";
export { redisTransport, transport } from "./transport.ts";
export type { RedisTransportOpening } from "./transport.ts";
