import { checkedCoordination, checkedJoins, checkedSchedules, defaultMaxDocumentBytes } from "@lovage/backend";
import type { Backend, BackendCapabilities, Coordination, Joins, Schedules } from "@lovage/backend";
import type { SqliteClient } from "@lovage/client-sqlite";
import { applySchema, openSqlite, planSchema } from "@lovage/client-sqlite";
import type { Clock, Log, SchemaPlan, StoreSchema } from "@lovage/foundation";
import { readOptions, SchemaVersionError, faultLog, systemClock } from "@lovage/foundation";
import { SqliteCoordination } from "./coordination.ts";
import { toBackendError } from "./errors.ts";
import { SqliteJoins } from "./joins.ts";
import type { SqliteBackendOptions } from "./options.ts";
import { sqliteBackendOptions } from "./options.ts";
import { ResultWatches } from "./result-watches.ts";
import { SqliteResults } from "./results.ts";
import { SqliteSchedules } from "./schedules.ts";
import { Store } from "./store.ts";
import { sweepExpired } from "./sweep-expired.ts";
import { backendTables } from "./tables.ts";

/** What {@link sqliteBackend} opens. */
export interface SqliteBackendSettings extends SqliteBackendOptions {
  /** Absolute path of the database file; made where there is none. */
  readonly path: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default none */
  readonly log?: Log;
}

/**
 * Opens a backend in a SQLite file, which a transport and many programs may use at the same time, and makes its tables.
 * @throws BACKEND_UNAVAILABLE, SCHEMA_VERSION
 */
export async function sqliteBackend(settings: SqliteBackendSettings): Promise<Backend> {
  const { path, clock = systemClock, log = faultLog("lovage", clock), ...rest } = settings;
  const options = readOptions(sqliteBackendOptions, rest, "The SQLite backend");
  const open = (): Promise<SqliteClient> => openClient({ path, clock, log, synchronous: options.synchronous });
  return new SqliteBackend(new Store({ client: await open(), reopen: open, clock, log }), options);
}

/** Opens the file at the path, with the tables of this release. */
async function openClient(opening: Parameters<typeof openSqlite>[0]): Promise<SqliteClient> {
  let client: SqliteClient | undefined;
  try {
    client = await openSqlite(opening);
    checked(await applySchema(client.durable, backendTables));
    return client;
  } catch (error) {
    client?.close();
    throw toBackendError(error);
  }
}

/**
 * | state  | parts                | close                                       |
 * |--------|----------------------|---------------------------------------------|
 * | open   | work on the file     | ends watches and waiting calls, lets go     |
 * | closed | reject with `CLOSED` | nothing                                     |
 */
class SqliteBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly results: SqliteResults;
  readonly joins: Joins;
  readonly coordination: Coordination;
  readonly schedules: Schedules;
  readonly schema: StoreSchema;
  readonly #store: Store;
  readonly #watches: ResultWatches;

  constructor(store: Store, options: SqliteBackendOptions) {
    const { maxDocumentBytes = defaultMaxDocumentBytes, synchronous = "full" } = options;
    this.#store = store;
    this.#watches = new ResultWatches(store);
    this.capabilities = Object.freeze<BackendCapabilities>({
      reach: "machine",
      durability: synchronous === "normal" ? "process" : "power",
      readers: "any",
      watch: "push",
      maxDocumentBytes,
    });
    this.results = new SqliteResults(store, this.#watches, maxDocumentBytes);
    this.joins = checkedJoins(new SqliteJoins(store));
    this.coordination = checkedCoordination(new SqliteCoordination(store));
    this.schedules = checkedSchedules(new SqliteSchedules(store));
    this.schema = {
      components: [backendTables.name],
      plan: async (to) => checked(await planSchema(store.client.durable, backendTables, to)),
      apply: async (to) => checked(await applySchema(store.client.durable, backendTables, to)),
    };
  }

  async sweep(): Promise<number> {
    return await this.#store.writeRelaxed(sweepExpired);
  }

  async close(): Promise<void> {
    this.#watches.close();
    this.#store.close();
  }
}

function checked(plan: SchemaPlan | { readonly refused: string }): SchemaPlan {
  if ("refused" in plan) throw new SchemaVersionError(plan.refused);
  return plan;
}
