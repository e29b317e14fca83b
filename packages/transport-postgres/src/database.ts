import type { PostgresClient, SchemaPlace } from "@lovage/client-postgres";

import type { TransportStatements } from "./statements.ts";

/** What the operations of the transport work on. The client is absent until the store is open. */
export interface Database {
  readonly statements: TransportStatements;
  /** What transactions of callers are held against. */
  readonly place: SchemaPlace;
  /** @throws TRANSPORT_UNAVAILABLE while there is no connection */
  readonly client: () => PostgresClient;
}
