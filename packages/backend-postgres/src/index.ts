export { backend } from "./driver.ts";
export type { PostgresBackendOptions } from "./options.ts";
export { postgresBackend } from "./postgres-backend.ts";
export type { PostgresBackendSettings } from "./postgres-backend.ts";
