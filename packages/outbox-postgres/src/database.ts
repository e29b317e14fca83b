import type { CheckedSchema, PostgresClient, SchemaPlace } from "@lovage/client-postgres";
import type { Clock, Log } from "@lovage/foundation";

import type { OutboxStatements } from "./statements.ts";

/** What outbox and inbox work on. */
export interface Database {
  readonly client: PostgresClient;
  readonly tables: CheckedSchema;
  /** What transactions of callers are held against. */
  readonly place: SchemaPlace;
  readonly statements: OutboxStatements;
  readonly clock: Clock;
  readonly log: Log;
}
