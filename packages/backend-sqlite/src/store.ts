import { BackendUnavailableError } from "@lovage/backend";
import type { SqliteClient, SqliteConnection } from "@lovage/client-sqlite";
import type { Clock, Log } from "@lovage/foundation";
import { ClosedError, hasCode, SingleFlight } from "@lovage/foundation";
import { toBackendError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";

/** What {@link Store} works on. */
export interface StoreParts {
  readonly client: SqliteClient;
  /** Opens the file that has taken the place of another one. @default the one that was opened stays, wherever it is */
  readonly reopen?: () => Promise<SqliteClient>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Opened {
  readonly client: SqliteClient;
  readonly durable: GroupCommit;
  readonly relaxed: GroupCommit;
}

/** How old the knowledge may be that the open file is still the one at its path. */
const trustMs = 1_000;

/**
 * The open database as the parts of the backend use it: joined writes, reads, the counter, and errors of the contract. A file that was deleted or replaced is
 * let go for the one at its path, which all others use: a result in the old one would reach nobody, and a lock in it keeps nobody out.
 */
export class Store {
  readonly clock: Clock;
  readonly log: Log;
  readonly #reopen: (() => Promise<SqliteClient>) | undefined;
  #opened: Opened;
  readonly #reopening = new SingleFlight((reopen: () => Promise<SqliteClient>) => this.#openAnew(reopen));
  #trustedUntilMs: number;
  #isClosed = false;
  /** Called once another file is open. */
  onReplaced: () => void = () => {};

  constructor({ client, reopen, clock, log }: StoreParts) {
    this.clock = clock;
    this.log = log;
    this.#reopen = reopen;
    this.#opened = openedWith(client);
    this.#trustedUntilMs = clock.monotonic() + trustMs;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Of the file that is open now. */
  get client(): SqliteClient {
    return this.#opened.client;
  }

  /** Commits what must survive. `work` may be called again. */
  write<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(({ client, durable }) => durable.run(() => work(client.durable, this.clock.now())));
  }

  /** Commits without waiting for the disk: for what no program is left to miss when the power is gone. */
  writeRelaxed<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(({ client, relaxed }) => relaxed.run(() => work(client.relaxed, this.clock.now())));
  }

  read<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(({ client }) => client.relaxed.read(() => work(client.relaxed, this.clock.now())));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.client.close();
  }

  async #guarded<T>(call: (opened: Opened) => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    try {
      const reopen = this.#reopen;
      if (reopen !== undefined && this.#isReplaced()) await this.#reopening.run(reopen);
      return await call(this.#opened);
    } catch (error) {
      // What waited for the lock of the old file ended with it; nothing of it was done.
      if (hasCode(error, "CLOSED") && !this.#isClosed) throw this.#fileIsGone();
      throw toBackendError(error);
    }
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new ClosedError("The SQLite backend is closed: open another one to go on.");
  }

  #isReplaced(): boolean {
    const nowMs = this.clock.monotonic();
    if (nowMs < this.#trustedUntilMs) return false;
    if (this.client.isReplaced()) return true;
    this.#trustedUntilMs = nowMs + trustMs;
    return false;
  }

  async #openAnew(reopen: () => Promise<SqliteClient>): Promise<void> {
    const old = this.client;
    const client = await reopen();
    if (this.#isClosed) client.close();
    this.#refuseIfClosed();
    this.#opened = openedWith(client);
    this.#trustedUntilMs = this.clock.monotonic() + trustMs;
    old.close();
    this.log.warn(this.#fileIsGone().message);
    this.onReplaced();
  }

  #fileIsGone(): BackendUnavailableError {
    const { path } = this.client;
    return new BackendUnavailableError(
      `The SQLite file ${path} was deleted or replaced while it was open; the one at its path is used from now on.`,
    );
  }
}

function openedWith(client: SqliteClient): Opened {
  return { client, durable: new GroupCommit(client.durable), relaxed: new GroupCommit(client.relaxed) };
}

/** Takes `count` numbers that are larger than all taken before, by any program, and gives the first. For use inside a write. */
export function takeNumbers(connection: SqliteConnection, count: number): number {
  const sql = "UPDATE lovage_backend_counter SET value = value + ? WHERE id = 1 RETURNING value";
  return Number(connection.statement(sql).get(count)?.["value"]) - count + 1;
}
