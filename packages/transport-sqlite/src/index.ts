export type { ParsedSqliteOptions, SqliteTransportOptions } from "./options.ts";
export { sqliteTransport, transport } from "./transport.ts";
export type { SqliteTransportOpening } from "./transport.ts";
