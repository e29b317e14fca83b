export { decodeFrame, encodeFrame, FrameError } from "./frame.ts";
export { openLeaseConnection } from "./open-lease-connection.ts";
export type { LeaseConnectionOpening } from "./open-lease-connection.ts";
export { queryOptions } from "./query-options.ts";
export type { UrlWithOptions } from "./query-options.ts";
export { leaseOptions, leaseSettings } from "./settings.ts";
export type { LeaseOptions, LeaseOptionsShape, LeaseSettings, ParsedLeaseOptions } from "./settings.ts";
export * from "./store.ts";
