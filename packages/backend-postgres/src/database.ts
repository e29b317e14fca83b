import {
  CheckedSchema,
  defineStatement,
  PostgresClient,
  quoteIdentifier,
  runStatement,
  serverTimeMs,
  storeSchema,
  WakeUps,
  type PostgresRows,
  type PostgresStatement,
  type PostgresTarget,
  type PostgresValue,
  type QueryOptions,
} from "@lovage/client-postgres";
import { backOff, ClosedError, isLovageError, type Clock, type Log, type StoreSchema } from "@lovage/foundation";

import { toBackendError, toLaterBackendError } from "./errors.ts";
import { backendSchema } from "./schema/backend-schema.ts";

/** How a {@link Database} is opened. */
export interface DatabaseOpening {
  readonly target: PostgresTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the app, for `pg_stat_activity`. */
  readonly name: string;
}

const waits = { baseMs: 50, maxMs: 5_000, jitter: "full" } as const;

/**
 * The way to the tables of the backend.
 *
 * | state | calls | left by |
 * |---|---|---|
 * | open | go to the server | loss of the connection for notifications, `close` |
 * | apart | go to the server as far as they get | a new connection, which is sought until there is one, `close` |
 * | closed | reject with `CLOSED` | never |
 */
export class Database {
  readonly clock: Clock;
  readonly log: Log;
  readonly schema: StoreSchema;
  readonly wakeUps: WakeUps;
  readonly client: PostgresClient;
  readonly #quoted: string;
  readonly #tables: CheckedSchema;
  /** By their texts, which are constants of this package: to name one takes longer than to send it. */
  readonly #statements = new Map<string, PostgresStatement>();
  readonly #closing = new AbortController();
  /** Called after each new connection for notifications: what was announced meanwhile was heard by nobody. */
  onRevived: () => Promise<void> = async () => {};

  private constructor(client: PostgresClient, { target, clock, log }: DatabaseOpening) {
    this.client = client;
    this.clock = clock;
    this.log = log;
    this.#quoted = quoteIdentifier(target.schema);
    this.wakeUps = new WakeUps(client, { component: "backend", schema: target.schema });
    const component = backendSchema(target.schema);
    this.#tables = new CheckedSchema({ component, migrates: target.migrate });
    this.schema = storeSchema({ component, client: () => client, translate: (work) => this.guarded(work) });
  }

  /** Connects, and makes the tables where the role may. @throws BACKEND_UNAVAILABLE, SCHEMA_VERSION */
  static async open(opening: DatabaseOpening): Promise<Database> {
    const { target, clock, log, name } = opening;
    const told: { lost: (cause: Error) => void } = { lost: () => {} };
    let client: PostgresClient;
    try {
      const onLost = (cause: Error): void => told.lost(cause);
      client = await PostgresClient.open({ target, clock, log, name: `lovage:${name}`, onLost });
    } catch (error) {
      throw toBackendError(error);
    }
    const database = new Database(client, opening);
    told.lost = (cause) => void database.#lost(cause);
    try {
      await database.guarded(() => database.#tables.open(client));
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Refuses tables that are older than this release, or missing. @throws SCHEMA_VERSION, BACKEND_UNAVAILABLE */
  requireTables(): Promise<void> {
    return this.guarded(() => this.#tables.require(this.client));
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Runs a statement in which `@` stands for the schema. It is made again when the connection broke, unless `repeatable` is false.
   * @throws BACKEND_UNAVAILABLE, CLOSED
   */
  query(
    text: string,
    values: readonly PostgresValue[],
    options: QueryOptions = { repeatable: true },
  ): Promise<PostgresRows> {
    const statement = this.#statement(text);
    return this.guarded(() => this.client.query(statement, values, options));
  }

  /**
   * Runs a statement in a transaction of the user's. `undefined`: it is not on this database, and nothing was done.
   * @throws BACKEND_UNAVAILABLE, CLOSED
   */
  async queryIn(
    transaction: unknown,
    text: string,
    values: readonly PostgresValue[],
  ): Promise<PostgresRows | undefined> {
    if (!this.client.isSameDatabase(transaction)) return undefined;
    const run = { statement: this.#statement(text), values, isNamed: false, where: this.client.where };
    return await this.guarded(() => runStatement(transaction, run));
  }

  /** @throws BACKEND_UNAVAILABLE, CLOSED */
  serverTimeMs(): Promise<number> {
    return this.guarded(() => serverTimeMs(this.client));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.client.close();
  }

  #statement(text: string): PostgresStatement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = defineStatement(text.replaceAll("@", `${this.#quoted}.`));
    this.#statements.set(text, statement);
    return statement;
  }

  /** Runs work on the client, its errors as the contract of backends has them. @throws BACKEND_UNAVAILABLE, CLOSED */
  async guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    try {
      return await work();
    } catch (error) {
      this.#refuseIfClosed();
      throw toLaterBackendError(error);
    }
  }

  #refuseIfClosed(): void {
    if (this.isClosed) throw new ClosedError("The PostgreSQL backend is closed: open another one to go on.");
  }

  async #lost(cause: Error): Promise<void> {
    this.log.warn("The connection to the backend is lost; reconnecting.", { error: cause.message });
    this.wakeUps.forget();
    let told = "";
    for (let attempt = 0; !this.isClosed; attempt += 1) {
      try {
        await this.clock.sleep(backOff(waits, attempt), { signal: this.#closing.signal });
        await this.client.revive();
        // The server may have come back empty.
        await this.guarded(() => this.#tables.open(this.client));
        await this.onRevived();
        this.log.info("The connection to the backend is back.", { attempts: attempt + 1 });
        return;
      } catch (error) {
        if (this.isClosed) return;
        const text = String(error);
        // A refusal lasts until somebody does something about it.
        const isNews = isLovageError(error) && !error.retryable && text !== told;
        this.log[isNews ? "warn" : "debug"]("An attempt to reconnect failed.", { error: text });
        told = text;
      }
    }
  }
}
