import type { Socket } from "node:net";

import { abortable, backOff, type Clock, type Log } from "@lovage/foundation";
import type { Client, ClientBase, Pool, PoolClient } from "pg";

import { hearErrors } from "./hear-errors.ts";
import { lineBefore } from "./line-before-pool.ts";
import { Line } from "./line.ts";
import { makePool } from "./make-pool.ts";
import { isPostgresError, isSpent, PostgresError, toErrorBeforeWork } from "./postgres-error.ts";
import type { PostgresTarget } from "./postgres-options.ts";
import type { PostgresSession, QueryOptions } from "./postgres-session.ts";
import { asksStandby, refuseStandby } from "./refuse-standby.ts";
import { runStatement, type StatementRun } from "./run-statement.ts";
import type { PostgresRows, PostgresStatement, PostgresValue } from "./statement.ts";

/** What a {@link SessionPool} works with. */
export interface SessionPoolOptions {
  readonly target: PostgresTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the connections in `pg_stat_activity`. */
  readonly name: string;
  /** The server and the database, for messages. */
  readonly where: string;
}

const maxRepeats = 5;
const waits = { baseMs: 10, maxMs: 500, jitter: "full" } as const;
/** Of the server; the client gives up later, for a server that does not answer at all. */
const statementTimeoutMs = 10_000;
const patienceMs = 15_000;
/** A commit may wait for a standby, and how it has gone is not known of one that is given up. */
const commitPatienceMs = 60_000;
/**
 * Not worth compiling: every statement touches few rows. A statement that has waited for a lock must see what was committed meanwhile, or two would hold what is for one:
 * the default of the database may be another.
 */
const sessionSettings = `SELECT set_config('statement_timeout', '${statementTimeoutMs}', false), set_config('jit', 'off', false),
  set_config('default_transaction_isolation', 'read committed', false), ${asksStandby}`;
/** Work of the user's goes by settings of theirs. */
const userSettings = `SELECT ${asksStandby}`;

/** Sessions that are lent for one statement or one transaction: ours, and apart from them those for work of the user's. */
export class SessionPool implements PostgresSession {
  /** Whether a pooler gives each transaction another session of the server: nothing may then stay in one. */
  isShared: boolean = false;
  /** Every socket that is open, also those of connections that others make. */
  readonly sockets: Set<Socket> = new Set();
  readonly #options: SessionPoolOptions;
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  readonly #lent = new Set<PoolClient>();
  /** For transactions of the user's. */
  #userPool: Pool | undefined;
  /** Before that pool. */
  readonly #line: Line;
  readonly #leaveLine: () => void;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    const { pool, poolSize } = options.target;
    this.#line = pool === undefined ? new Line(poolSize) : lineBefore(pool);
    // For notifications.
    this.#leaveLine = pool === undefined ? () => {} : this.#line.reserve();
    this.#pool = options.target.pool ?? this.#makePool(sessionSettings);
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Runs one statement in a transaction of its own. Repeats it, a few times, when another session was in the way.
   * @throws PostgresError (`POSTGRES_FAILED`)
   */
  query(
    statement: PostgresStatement,
    values: readonly PostgresValue[] = [],
    options: QueryOptions = {},
  ): Promise<PostgresRows> {
    return this.#repeat(options, (client) => this.#run(client, statement, values, options));
  }

  /**
   * Runs `work` in a transaction, all of it again when another session was in the way.
   * @throws PostgresError (`POSTGRES_FAILED`), and what `work` throws; nothing was written then, unless the kind is `broken`
   */
  transaction<T>(work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#repeat({}, (client) => this.#inTransaction(client, work));
  }

  /**
   * Runs work of the user's once in a transaction, on a connection that our statements can do without: of a second pool, or of theirs as long as enough are left. Until
   * there is one it waits in line.
   * @throws PostgresError (`POSTGRES_FAILED`) of ours, and what `work` throws
   */
  async transactOnce<T>(work: (session: PostgresSession, client: PoolClient) => Promise<T>): Promise<T> {
    if (this.isClosed) throw this.ended();
    const pool = (this.#userPool ??= this.#options.target.pool ?? this.#makePool(userSettings));
    const transact = (client: PoolClient): Promise<T> =>
      this.#inTransaction(client, (session) => work(session, client));
    return await this.#line.take(() => this.#borrow(pool, transact), this.#closing.signal);
  }

  /** A session that the borrower releases. @throws PostgresError (`POSTGRES_FAILED`) */
  async lend(pool: Pool = this.#pool): Promise<PoolClient> {
    if (this.isClosed) throw this.ended();
    try {
      return await this.#take(pool);
    } catch (error) {
      throw toErrorBeforeWork(error, this.#options.where);
    }
  }

  /** What callers are told once it is closed. */
  ended(): PostgresError {
    const text = `PostgreSQL at ${this.#options.where}: the connection has ended.`;
    return new PostgresError(text, { kind: "unavailable" });
  }

  /** Ends all connections at once; statements under way fail, later ones connect anew. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    // Those of a pool of the user's are not among them.
    for (const client of this.#lent) endNow(client);
  }

  /** Idempotent; statements under way fail. A pool of the user's stays open, and work of theirs is not waited for. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.#closing.abort(this.ended());
    this.#leaveLine();
    if (this.#options.target.pool !== undefined) return;
    this.cut();
    // It ends when the work of the user's gives its connections back, which are cut: nothing is left to wait for.
    this.#userPool?.end().catch(() => {});
    await this.#pool.end();
  }

  /** In a pool of the user's that has none free the wait may last; it is given up after a while, and our end does not wait for its end. */
  async #take(pool: Pool): Promise<PoolClient> {
    const taken = pool.connect();
    // What is idle goes to those that were before in its line.
    if (pool.idleCount > 0 && pool.idleCount >= pool.waitingCount) return await taken;
    const text = `PostgreSQL at ${this.#options.where}: no connection has become free.`;
    const reason = new PostgresError(text, { kind: "unavailable" });
    const deadline = this.#options.clock.deadline(patienceMs, { reason });
    const giveBack = (client: PoolClient): void => {
      if (this.isClosed || deadline.signal.aborted) client.release();
    };
    const waiting = abortable(abortable(taken, this.#closing.signal), deadline.signal);
    // A failure is told to who waits.
    taken.then(giveBack, () => {});
    try {
      return await waiting;
    } finally {
      deadline.cancel();
    }
  }

  async #inTransaction<T>(client: PoolClient, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    await this.#begin(client);
    let isCommitting = false;
    try {
      const result = await work({
        query: (statement, values = [], options = {}) => this.#run(client, statement, values, options),
      });
      isCommitting = true;
      await this.#command(client, "COMMIT");
      return result;
    } catch (error) {
      const isRolledBack = await this.#rollBack(client);
      if (isRolledBack && isSpent(error)) await this.#refuseStandby(client);
      if (isRolledBack || isCommitting) throw error;
      const text = `PostgreSQL at ${this.#options.where}: the connection ended within a transaction; nothing was written.`;
      throw new PostgresError(text, { kind: "unavailable", cause: error });
    }
  }

  async #begin(client: PoolClient): Promise<void> {
    try {
      await this.#command(client, "BEGIN");
    } catch (error) {
      endNow(client);
      throw toErrorBeforeWork(error, this.#options.where);
    }
  }

  /** It may have become one since, say behind a pooler: that is no fault of the work. */
  async #refuseStandby(client: Client): Promise<void> {
    const statement = { name: "", text: userSettings };
    const [[standby = null] = []] = await this.#patiently(client, patienceMs, {
      statement,
      values: [],
      isNamed: false,
    });
    refuseStandby({ rows: [{ standby }] }, this.#options.where);
  }

  /** Whether it could; a connection that cannot is thrown away with its transaction. */
  async #rollBack(client: PoolClient): Promise<boolean> {
    try {
      await this.#command(client, "ROLLBACK");
      return true;
    } catch (error) {
      this.#options.log.debug("A transaction ended with its connection.", { error: String(error) });
      endNow(client);
      return false;
    }
  }

  #makePool(settings: string): Pool {
    const { target, name, log } = this.#options;
    const prepare = (client: ClientBase): Promise<void> => this.#prepare(client, settings);
    const pool = makePool(target, { applicationName: name, sockets: this.sockets, prepare });
    // A connection that ends while nobody uses it is replaced when it is needed.
    pool.on("error", (error) => log.debug("An idle connection ended.", { error: error.message }));
    return pool;
  }

  async #prepare(client: ClientBase, settings: string): Promise<void> {
    // Under a pooler settings of the session would reach others.
    if (!this.isShared) refuseStandby(await client.query(settings), this.#options.where);
  }

  async #repeat<T>({ repeatable = false }: QueryOptions, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#borrow(this.#pool, work);
      } catch (error) {
        const kinds = repeatable ? ["conflict", "broken"] : ["conflict"];
        const mayPass = isPostgresError(error) && kinds.includes(error.kind);
        if (!mayPass || attempt >= maxRepeats || this.isClosed) throw error;
      }
      await clock.sleep(backOff(waits, attempt));
    }
  }

  async #borrow<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.lend(pool);
    // A pool hears only what happens to those that are idle.
    const stopHearing = hearErrors(client);
    this.#lent.add(client);
    let isOver = false;
    try {
      return await work(client);
    } catch (error) {
      isOver = isSpent(error);
      throw error;
    } finally {
      this.#lent.delete(client);
      client.release(isOver);
      stopHearing();
    }
  }

  async #command(client: Client, text: string): Promise<void> {
    const limitMs = text === "COMMIT" ? commitPatienceMs : patienceMs;
    await this.#patiently(client, limitMs, { statement: { name: "", text }, values: [], isNamed: false });
  }

  async #run(
    client: Client,
    statement: PostgresStatement,
    values: readonly PostgresValue[],
    options: QueryOptions,
  ): Promise<PostgresRows> {
    return await this.#patiently(client, options.patienceMs ?? patienceMs, {
      statement,
      values,
      isNamed: !this.isShared,
    });
  }

  /** A server that gives no answer for so long is given up, with the connection. */
  async #patiently(client: Client, limitMs: number, run: Omit<StatementRun, "where">): Promise<PostgresRows> {
    const { clock, where } = this.#options;
    const patience = clock.timer(limitMs, () => endNow(client), { keepAlive: false });
    try {
      return await runStatement(client, { ...run, where });
    } finally {
      patience.cancel();
    }
  }
}

/** Whatever it is doing. A client of libpq's binding shows no socket: its own end ends what is under way. */
function endNow(client: Client): void {
  const { connection } = client as Partial<Client>;
  if (connection !== undefined) connection.stream.destroy();
  // It rejects when it is ended already.
  else client.end().catch(() => {});
}
