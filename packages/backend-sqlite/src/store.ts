import type { SqliteClient, SqliteConnection } from "@lovage/client-sqlite";
import type { Clock, Log } from "@lovage/foundation";
import { ClosedError } from "@lovage/foundation";
import { toBackendError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";

/** What {@link Store} works on. */
export interface StoreParts {
  readonly client: SqliteClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** The open database as the parts of the backend use it: joined writes, reads, the counter, and errors of the contract. */
export class Store {
  readonly clock: Clock;
  readonly log: Log;
  readonly client: SqliteClient;
  readonly #durable: GroupCommit;
  readonly #relaxed: GroupCommit;
  #isClosed = false;

  constructor({ client, clock, log }: StoreParts) {
    this.client = client;
    this.clock = clock;
    this.log = log;
    this.#durable = new GroupCommit(client.durable);
    this.#relaxed = new GroupCommit(client.relaxed);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Commits what must survive. `work` may be called again. */
  write<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(() => this.#durable.run(() => work(this.client.durable, this.clock.now())));
  }

  /** Commits without waiting for the disk: for what no program is left to miss when the power is gone. */
  writeRelaxed<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(() => this.#relaxed.run(() => work(this.client.relaxed, this.clock.now())));
  }

  read<T>(work: (connection: SqliteConnection, nowMs: number) => T): Promise<T> {
    return this.#guarded(() => this.client.relaxed.read(() => work(this.client.relaxed, this.clock.now())));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.client.close();
  }

  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new ClosedError("The SQLite backend is closed: open another one to go on.");
    try {
      return await call();
    } catch (error) {
      throw toBackendError(error);
    }
  }
}

/** Takes `count` numbers that are larger than all taken before, by any program, and gives the first. For use inside a write. */
export function takeNumbers(connection: SqliteConnection, count: number): number {
  const sql = "UPDATE lovage_backend_counter SET value = value + ? WHERE id = 1 RETURNING value";
  return Number(connection.statement(sql).get(count)?.["value"]) - count + 1;
}
