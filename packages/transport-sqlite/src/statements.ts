import type { SqliteConnection } from "@lovage/client-sqlite";

/** What operations inside a transaction work on: a connection of ours, or the caller's own. */
export type Statements = Pick<SqliteConnection, "statement">;
