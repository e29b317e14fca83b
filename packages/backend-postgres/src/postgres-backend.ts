import { checkedCoordination, checkedJoins, checkedSchedules, defaultMaxDocumentBytes } from "@lovage/backend";
import type { Backend, BackendCapabilities, Coordination, Joins, Schedules } from "@lovage/backend";
import { openSchema, postgresTarget, serverFacts, type Durability } from "@lovage/client-postgres";
import {
  maskUrl,
  readOptions,
  splitQuery,
  faultLog,
  systemClock,
  translateErrors,
  withoutUndefined,
  type DriverContext,
  type OpenSchema,
  type StoreSchema,
} from "@lovage/foundation";

import { PostgresCoordination } from "./coordination.ts";
import { Database, type DatabaseOpening } from "./database.ts";
import { toBackendError } from "./errors.ts";
import { PostgresJoins } from "./joins.ts";
import { postgresBackendOptions, type PostgresBackendOptions } from "./options.ts";
import { backendSchema } from "./schema/backend-schema.ts";
import { ResultWatches } from "./result-watches.ts";
import { PostgresResults } from "./results.ts";
import { PostgresSchedules } from "./schedules.ts";
import { sweepExpired } from "./sweep-expired.ts";

/** What {@link postgresBackend} opens. */
export interface PostgresBackendSettings extends PostgresBackendOptions, Partial<DriverContext> {
  /** Such as `postgres://user:password@localhost:5432/shop`. */
  readonly url: string;
}

/**
 * Opens a backend in PostgreSQL, in a schema that the transport may use at the same time. With `migrate: false` tables that are missing are told by its first call, since
 * `lovage schema` works on what an app's module has opened.
 * @throws BACKEND_UNAVAILABLE, SCHEMA_VERSION, CONFIGURATION_INVALID
 */
export async function postgresBackend(settings: PostgresBackendSettings): Promise<Backend> {
  return await openOn(settings, async () => {});
}

/** As {@link postgresBackend}, for an app that opens it when it is to be used: the tables must be there. @throws what {@link postgresBackend} throws */
export async function postgresBackendWithTables(settings: PostgresBackendSettings): Promise<Backend> {
  return await openOn(settings, (database) => database.requireTables());
}

async function openOn(
  settings: PostgresBackendSettings,
  check: (database: Database) => Promise<void>,
): Promise<Backend> {
  const { maxDocumentBytes, ...opening } = readSettings(settings);
  const database = await Database.open(opening);
  try {
    await check(database);
    const { durability } = await serverFacts(database.client, opening.clock);
    return new PostgresBackend(database, { durability, maxDocumentBytes });
  } catch (error) {
    await database.close();
    throw toBackendError(error);
  }
}

/** The tables of the backend, which is not opened for it. @throws what {@link postgresBackend} throws */
export async function postgresBackendSchema(settings: PostgresBackendSettings): Promise<OpenSchema> {
  const { target, clock, log, name } = readSettings(settings);
  const client = { target, clock, log, name: `lovage:${name}`, translate: asBackend };
  return await openSchema(client, backendSchema(target.schema));
}

function asBackend<T>(work: () => Promise<T>): Promise<T> {
  return translateErrors(work, toBackendError);
}

function readSettings(settings: PostgresBackendSettings): DatabaseOpening & { readonly maxDocumentBytes: number } {
  const { url, clock = systemClock, name = "lovage", log = faultLog(name, clock), ...beside } = settings;
  const { base, query } = splitQuery(url);
  const options = readOptions(
    postgresBackendOptions,
    { ...Object.fromEntries(query), ...withoutUndefined(beside) },
    `The backend ${maskUrl(url)}`,
  );
  const { maxDocumentBytes = defaultMaxDocumentBytes } = options;
  return { target: postgresTarget(base, options), clock, log, name, maxDocumentBytes };
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
  readonly joins: Joins;
  readonly coordination: Coordination;
  readonly schedules: Schedules;
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
    this.joins = checkedJoins(new PostgresJoins(database));
    this.coordination = checkedCoordination(new PostgresCoordination(database));
    this.schedules = checkedSchedules(new PostgresSchedules(database));
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
