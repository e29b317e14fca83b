import { DatabaseSync, type StatementSync } from "node:sqlite";

import { backOff, ClosedError, type Clock } from "@lovage/foundation";

import { SqliteError, sqliteErrorKind, toSqliteError } from "./sqlite-error.ts";

/**
 * What a commit survives, by `PRAGMA synchronous`.
 *
 * | value | a crash of the program | loss of power |
 * |---|---|---|
 * | `normal` | all commits | the last commits may be missing, the file is sound |
 * | `full` | all commits | all commits |
 * | `extra` | all commits | all commits, also in other journal modes |
 */
export type Synchronous = "normal" | "full" | "extra";

/** How long one call may wait for the lock of the file. */
export interface WaitOptions {
  /** Longest wait for another connection's lock, in ms; then the call rejects with kind `busy`. @default 30_000 */
  readonly waitMs?: number;
}

interface Waiting {
  readonly attempt: () => void;
  readonly reject: (error: unknown) => void;
  readonly untilMs: number;
}

const defaultWaitMs = 30_000;
/** Short, for commits take a fraction of a millisecond; and with jitter, for those who wait often started to together. */
const retry = { baseMs: 1, maxMs: 20, factor: 1.5, jitter: "equal" } as const;

/**
 * One connection to a database file. Work is synchronous and short; waiting for another connection's lock is not: the
 * call is then tried again until its time is over, and the event loop stays free. Calls that wait are served in the order
 * in which they were made.
 */
export class SqliteConnection {
  /** Path of the database file. */
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  /** Bounded by the statements in the source: their text never holds a value. */
  readonly #statements = new Map<string, StatementSync>();
  readonly #tuples = new Map<string, StatementSync>();
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  #isPumping = false;

  /** @throws SqliteError (`SQLITE_FAILED`), kind `cannot-open` */
  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
    try {
      this.#database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false });
    } catch (error) {
      throw toSqliteError(error, { path });
    }
  }

  /** A prepared statement, prepared once. `sql` must be a constant of the source: values travel as parameters. */
  statement(sql: string): StatementSync {
    return this.#statements.get(sql) ?? this.#prepare(sql, this.#statements);
  }

  /** As `statement`, with rows as arrays, in the order of the columns: for many rows, whose objects would take longer to make than all else. */
  tuples(sql: string): StatementSync {
    return this.#tuples.get(sql) ?? this.#prepare(sql, this.#tuples);
  }

  /** Runs several statements without parameters and results. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /**
   * Runs `work` in a `BEGIN IMMEDIATE` transaction: all of it is written or nothing. `work` must be synchronous, and may
   * be called again when the lock was not to be had. The first attempt is made before this method returns.
   * @throws SqliteError (`SQLITE_FAILED`) ; CLOSED; what `work` throws
   */
  write<T>(work: () => T, options: WaitOptions = {}): Promise<T> {
    return this.#enqueue(() => this.#transaction(work), options);
  }

  /** Runs `work`, which only reads or takes care of its own transaction, and repeats it while the file is locked. */
  read<T>(work: () => T, options: WaitOptions = {}): Promise<T> {
    return this.#enqueue(work, options);
  }

  /** Whoever waits is refused with `CLOSED`. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(this.#closed());
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#closed());
    this.#statements.clear();
    this.#tuples.clear();
    this.#database.close();
  }

  #prepare(sql: string, kept: Map<string, StatementSync>): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(kept === this.#tuples);
    kept.set(sql, statement);
    return statement;
  }

  #enqueue<T>(work: () => T, { waitMs = defaultWaitMs }: WaitOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closing.signal.aborted) throw this.#closed();
      const attempt = (): void => resolve(work());
      if (this.#waiting.length === 0 && this.#succeeds({ attempt, reject })) return;
      this.#waiting.push({ attempt, reject, untilMs: this.#clock.monotonic() + waitMs });
      if (!this.#isPumping) void this.#pump();
    });
  }

  /** Whether the attempt is over, with a result or an error; `false` when the file was locked. */
  #succeeds({ attempt, reject }: Pick<Waiting, "attempt" | "reject">): boolean {
    try {
      attempt();
    } catch (error) {
      if (sqliteErrorKind(error) === "busy") return false;
      reject(toSqliteError(error, { path: this.path }));
    }
    return true;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    let failures = 0;
    while (this.#waiting.length > 0) {
      try {
        await this.#clock.sleep(backOff(retry, failures), { signal: this.#closing.signal });
      } catch {
        // Closed: those who waited have been refused.
        break;
      }
      failures = this.#serve() ? 0 : failures + 1;
      this.#refuseLate();
    }
    this.#isPumping = false;
  }

  /** Serves in order until the file is locked again. Whether any was served. */
  #serve(): boolean {
    let served = false;
    for (let first = this.#waiting[0]; first !== undefined && this.#succeeds(first); first = this.#waiting[0]) {
      this.#waiting.shift();
      served = true;
    }
    return served;
  }

  #refuseLate(): void {
    const nowMs = this.#clock.monotonic();
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      const waiting = this.#waiting[index];
      if (waiting === undefined || waiting.untilMs > nowMs) continue;
      this.#waiting.splice(index, 1);
      waiting.reject(
        new SqliteError(`SQLite file ${this.path} stayed locked by another program; look for a long transaction.`, {
          kind: "busy",
        }),
      );
    }
  }

  #transaction<T>(work: () => T): T {
    this.statement("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#commit();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #commit(): void {
    try {
      this.statement("COMMIT").run();
    } catch (error) {
      throw toSqliteError(error, { path: this.path, committing: true });
    }
  }

  #closed(): ClosedError {
    return new ClosedError(`The connection to the SQLite file ${this.path} is closed.`);
  }
}
