export type { PostgresTransaction } from "@lovage/client-postgres";
export type { ParsedPostgresOptions, PostgresTransportOptions } from "./options.ts";
export { postgresTransport, transport } from "./transport.ts";
export type { PostgresTransportOpening } from "./transport.ts";
