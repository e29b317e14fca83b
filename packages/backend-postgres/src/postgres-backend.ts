import type { Backend, BackendCapabilities } from "@lovage/backend";
import { postgresTarget, serverFacts, type Durability } from "@lovage/client-postgres";
import {
  maskUrl,
  readOptions,
  splitQuery,
  silentLog,
  systemClock,
  type DriverContext,
  type StoreSchema,
} from "@lovage/foundation";

import { PostgresCoordination } from "./coordination.ts";
import { Database } from "./database.ts";
import { toBackendError } from "./errors.ts";
import { PostgresJoins } from "./joins.ts";
import { postgresBackendOptions, type PostgresBackendOptions } from "./options.ts";
import { ResultWatches } from "./result-watches.ts";
import { PostgresResults } from "./results.ts";
import { PostgresSchedules } from "./schedules.ts";
import { sweepExpired } from "./sweep-expired.ts";

/** What {@link postgresBackend} opens. */
export interface PostgresBackendSettings extends PostgresBackendOptions, Partial<DriverContext> {
  /** Such as `postgres://user:password@localhost:5432/shop`. */
  readonly url: string;
}

const defaultMaxDocumentBytes = 16 * 1024 * 1024;

/**
 * Opens a backend in PostgreSQL, in a schema that the transport may use at the same time.
 * @throws BACKEND_UNAVAILABLE, SCHEMA_VERSION, CONFIGURATION_INVALID
 */
export async function postgresBackend(settings: PostgresBackendSettings): Promise<Backend> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", ...beside } = settings;
  const { base, query } = splitQuery(url);
  const options = readOptions(
    postgresBackendOptions,
    { ...Object.fromEntries(query), ...given(beside) },
    `The backend ${maskUrl(url)}`,
  );
  const { maxDocumentBytes = defaultMaxDocumentBytes } = options;
  const database = await Database.open({ target: postgresTarget(base, options), clock, log, name });
  try {
    const { durability } = await serverFacts(database.client, clock);
    return new PostgresBackend(database, { durability, maxDocumentBytes });
  } catch (error) {
    await database.close();
    throw toBackendError(error);
  }
}

/**
 * | state  | parts                | close                                       |
 * |--------|----------------------|---------------------------------------------|
 * | open   | work on the server   | ends watches and calls under way, lets go   |
 * | closed | reject with `CLOSED` | nothing                                     |
 */
class PostgresBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly results: PostgresResults;
  readonly joins: PostgresJoins;
  readonly coordination: PostgresCoordination;
  readonly schedules: PostgresSchedules;
  readonly schema: StoreSchema;
  readonly #database: Database;
  readonly #watches: ResultWatches;

  constructor(database: Database, facts: { readonly durability: Durability; readonly maxDocumentBytes: number }) {
    this.#database = database;
    this.#watches = new ResultWatches(database);
    this.capabilities = Object.freeze<BackendCapabilities>({
      reach: "network",
      durability: facts.durability,
      readers: "any",
      watch: database.client.isPolling ? "poll" : "push",
      maxDocumentBytes: facts.maxDocumentBytes,
    });
    this.results = new PostgresResults(database, this.#watches, facts.maxDocumentBytes);
    this.joins = new PostgresJoins(database);
    this.coordination = new PostgresCoordination(database);
    this.schedules = new PostgresSchedules(database);
    this.schema = database.schema;
  }

  async sweep(): Promise<number> {
    return await sweepExpired(this.#database);
  }

  serverTimeMs(): Promise<number> {
    return this.#database.serverTimeMs();
  }

  async close(): Promise<void> {
    this.#watches.close();
    await this.#database.close();
  }
}

/** Without what is not set, so that it does not hide what the URL says. */
function given(options: PostgresBackendOptions): PostgresBackendOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
