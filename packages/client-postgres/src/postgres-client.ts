import { Multimap, SingleFlight, type Clock, type Log } from "@lovage/foundation";
import type { Client, ClientBase, PoolClient } from "pg";

import { asksIdentity, identityOf, noteIdentity } from "./database-identity.ts";
import { hearErrors } from "./hear-errors.ts";
import { Lifeline, type ChannelListener } from "./lifeline.ts";
import { makeClient } from "./make-pool.ts";
import { toErrorBeforeWork, type PostgresError } from "./postgres-error.ts";
import type { PostgresTarget } from "./postgres-options.ts";
import type { PostgresSession, QueryOptions } from "./postgres-session.ts";
import { placeOf } from "./postgres-url.ts";
import { asksStandby, refuseStandby } from "./refuse-standby.ts";
import { SessionPool } from "./session-pool.ts";
import type { PostgresRows, PostgresStatement, PostgresValue } from "./statement.ts";

/** How a {@link PostgresClient} is opened. */
export interface PostgresOpening {
  readonly target: PostgresTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the connections in `pg_stat_activity`. */
  readonly name: string;
  /** Told when the server is gone, or silent. `revive` is the way back. */
  readonly onLost: (cause: PostgresError) => void;
}

/** What the server says of itself. */
interface ServerAnswer {
  readonly pid?: number;
  readonly encoding?: string;
  readonly identity?: string;
}

/** On the connection for notifications: a lock that is long in coming is not worth deafness. */
const lifelineSettings = "SELECT set_config('lock_timeout', '1000', false)";

/**
 * A pool of sessions, and one connection beside it for notifications.
 *
 * | state | left by |
 * |---|---|
 * | open | loss of the connection for notifications, a silent server, `close` |
 * | lost: statements go on as they can | `revive`, `close` |
 * | closed | never |
 */
export class PostgresClient implements PostgresSession {
  /** The server and the database, for messages. */
  readonly where: string;
  readonly schema: string;
  readonly #opening: PostgresOpening;
  readonly #sessions: SessionPool;
  readonly #listeners = new Multimap<string, ChannelListener>();
  #lifeline: Lifeline | undefined;
  readonly #reviving = new SingleFlight(() => this.#connect());
  /** Of the database; both stay known while the connection is away. */
  #address: string | undefined;
  #identity: string | undefined;
  #hasSaidPooled = false;
  #hasSaidEncoding = false;

  private constructor(opening: PostgresOpening) {
    const { target, clock, log, name } = opening;
    this.#opening = opening;
    this.where = target.pool === undefined ? placeOf(target) : "the pool's address";
    this.schema = target.schema;
    this.#sessions = new SessionPool({ target, clock, log, name, where: this.where });
  }

  /** Connects. @throws PostgresError (`POSTGRES_FAILED`) */
  static async open(opening: PostgresOpening): Promise<PostgresClient> {
    const client = new PostgresClient(opening);
    try {
      await client.revive();
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Whether a pooler stands between that gives each transaction another session: there are no notifications then. */
  get isPolling(): boolean {
    const { notify } = this.#opening.target;
    return notify === undefined ? this.#sessions.isShared : !notify;
  }

  /** Whether a value is a client of `pg` on the database that this one works on, as far as their settings tell; of one that `transactOnce` has lent, as the servers themselves tell. */
  isSameDatabase(value: unknown): value is ClientBase {
    if (typeof value !== "object" || value === null || !("getTransactionStatus" in value)) return false;
    if (this.#address === undefined) return false;
    return this.#address === addressOf(value) || (this.#identity !== undefined && this.#identity === identityOf(value));
  }

  /** Connects anew after a loss, and listens again. Does nothing while all is well. @throws PostgresError (`POSTGRES_FAILED`) */
  revive(): Promise<void> {
    if (this.#lifeline !== undefined) return Promise.resolve();
    return this.#reviving.run();
  }

  /** As {@link SessionPool.query}. @throws PostgresError (`POSTGRES_FAILED`) */
  query(
    statement: PostgresStatement,
    values?: readonly PostgresValue[],
    options?: QueryOptions,
  ): Promise<PostgresRows> {
    return this.#sessions.query(statement, values, options);
  }

  /** As {@link SessionPool.transaction}. @throws PostgresError (`POSTGRES_FAILED`), and what `work` throws */
  transaction<T>(work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#sessions.transaction(work);
  }

  /** As {@link SessionPool.transactOnce}. @throws PostgresError (`POSTGRES_FAILED`) of ours, and what `work` throws */
  transactOnce<T>(work: (session: PostgresSession, client: PoolClient) => Promise<T>): Promise<T> {
    return this.#sessions.transactOnce((session, client) => {
      noteIdentity(client, this.#identity);
      return work(session, client);
    });
  }

  /** Hears what is notified on a channel, from when it resolves and also after `revive`. Gives what ends it. @throws PostgresError (`POSTGRES_FAILED`) */
  async listen(channel: string, listener: ChannelListener): Promise<() => void> {
    this.#listeners.add(channel, listener);
    try {
      if (!this.isPolling) await this.onLifeline(`LISTEN ${channel}`);
    } catch (error) {
      this.#listeners.delete(channel, listener);
      throw error;
    }
    return () => void this.#listeners.delete(channel, listener);
  }

  /** Runs statements on the connection for notifications, whose session lasts. @throws PostgresError (`POSTGRES_FAILED`) */
  async onLifeline(text: string): Promise<void> {
    if (this.#lifeline === undefined) throw this.#sessions.ended();
    await this.#lifeline.run(text);
  }

  /** Idempotent; statements under way fail. A pool of the user's stays open. */
  async close(): Promise<void> {
    const ended = this.#sessions.close();
    this.#lifeline?.close();
    this.#lifeline = undefined;
    await ended;
  }

  async #connect(): Promise<void> {
    const client = await this.#connectBeside();
    const { clock, log, target } = this.#opening;
    const lifeline = new Lifeline({
      client,
      dispose: () =>
        target.pool === undefined ? client.connection.stream.destroy() : (client as PoolClient).release(true),
      where: this.where,
      clock,
      log,
      onNotification: (channel, payload) => this.#listeners.get(channel).forEach((listener) => listener(payload)),
      onLost: (cause, isSilent) => this.#lost(lifeline, cause, isSilent),
    });
    try {
      await this.#look(client, lifeline);
      // A client of the user's pool is not ended by our end, and another can have ended with its last answer.
      if (this.#sessions.isClosed || lifeline.isEnded) throw this.#sessions.ended();
    } catch (error) {
      lifeline.close();
      throw error;
    }
    // From now on its loss is told: what is lost before that is told to the caller, who would try again twice.
    this.#lifeline = lifeline;
    this.#address = addressOf(client);
  }

  #lost(lifeline: Lifeline, cause: PostgresError, isSilent: boolean): void {
    if (this.#lifeline !== lifeline) return;
    this.#lifeline = undefined;
    // The other connections lead to the same silence.
    if (isSilent) this.#sessions.cut();
    this.#opening.onLost(cause);
  }

  async #connectBeside(): Promise<Client> {
    const { target, name } = this.#opening;
    if (target.pool !== undefined) return this.#sessions.lend();
    if (this.#sessions.isClosed) throw this.#sessions.ended();
    const client = makeClient(target, { applicationName: name, sockets: this.#sessions.sockets });
    hearErrors(client);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      throw toErrorBeforeWork(error, this.where);
    }
  }

  /** A pooler answers for the server: the number that it gave to the session is not that of the process behind it. */
  async #look(client: Client, lifeline: Lifeline): Promise<void> {
    const question = `SELECT pg_backend_pid() AS pid, current_setting('server_encoding') AS encoding, ${asksIdentity}, ${asksStandby}`;
    const answer = (await lifeline.run(question)) as { rows: readonly ServerAnswer[] };
    refuseStandby(answer, this.where);
    const [{ pid, encoding, identity } = {}] = answer.rows;
    this.#sayEncoding(encoding);
    this.#identity = identity;
    this.#sessions.isShared = pid !== Reflect.get(client, "processID");
    if (this.isPolling) {
      this.#sayPolling();
      return;
    }
    await lifeline.run(lifelineSettings);
    for (const channel of this.#listeners.keys()) await lifeline.run(`LISTEN ${channel}`);
  }

  /** In SQL_ASCII texts stay the bytes that they are. */
  #sayEncoding(encoding = "UTF8"): void {
    if (this.#hasSaidEncoding || encoding === "UTF8" || encoding === "SQL_ASCII") return;
    this.#hasSaidEncoding = true;
    this.#opening.log.warn(
      `The database of PostgreSQL at ${this.where} is encoded in ${encoding}: what holds any other character cannot be stored, such as a result. Use a database with the encoding UTF8.`,
    );
  }

  #sayPolling(): void {
    if (this.#hasSaidPooled || !this.#sessions.isShared) return;
    this.#hasSaidPooled = true;
    this.#opening.log.warn(
      `A connection pooler stands before PostgreSQL at ${this.where}: no notifications, idle workers look twice a second. Give the address of the server itself, or notify=true if the pooler keeps sessions.`,
    );
  }
}

/** What a client of `pg` says of the database that it is connected to. */
function addressOf(client: object): string {
  const { host, port, database } = client as Partial<Pick<Client, "host" | "port" | "database">>;
  return JSON.stringify([host, port, database]);
}
