export { backend } from "./driver.ts";
export type { SqliteBackendOptions } from "./options.ts";
export { sqliteBackend } from "./sqlite-backend.ts";
export type { SqliteBackendSettings } from "./sqlite-backend.ts";
