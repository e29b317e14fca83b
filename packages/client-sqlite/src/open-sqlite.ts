import { statSync } from "node:fs";
import { dirname } from "node:path";

import type { Clock, Log } from "@lovage/foundation";

import { makeDirectory } from "./make-directory.ts";
import { SqliteConnection, type Synchronous } from "./sqlite-connection.ts";
import { SqliteError } from "./sqlite-error.ts";
import { WakeFile } from "./wake-file.ts";

/** What is opened, and what with. */
export interface SqliteOpening {
  /** Absolute path of the database file, as `parseSqliteUrl` gives it. Its directory is made. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What commits of the `durable` connection survive. @default "full" */
  readonly synchronous?: Synchronous | undefined;
  /** Longest wait for a lock while opening, in ms. @default 10_000 */
  readonly waitMs?: number | undefined;
}

/**
 * A database file, open: two connections and the wake-up of other programs. The connections are opened for one thread;
 * another thread opens its own client.
 */
export interface SqliteClient {
  readonly path: string;
  /** For what must survive what `synchronous` says: each commit waits for the disk. */
  readonly durable: SqliteConnection;
  /** For what may be lost with the power, because losing it does no harm: commits do not wait for the disk. */
  readonly relaxed: SqliteConnection;
  readonly wake: WakeFile;
  /** Whether the file at the path is another one by now, or none: what is written here reaches nobody any more. */
  isReplaced(): boolean;
  /** Idempotent. Leaves neither file descriptor nor watcher behind. */
  close(): void;
}

/**
 * Opens a database file for many connections at once (write-ahead log) and makes it where there is none.
 * @throws SqliteError (`SQLITE_FAILED`) of any kind but `full`
 */
export async function openSqlite(opening: SqliteOpening): Promise<SqliteClient> {
  const { path, clock, log, synchronous = "full" } = opening;
  makeDirectoryOf(path);
  const durable = await openSqliteConnection({ ...opening, synchronous });
  try {
    const relaxed = await openSqliteConnection({ ...opening, synchronous: "normal" });
    return new OpenClient(durable, relaxed, new WakeFile({ path: `${path}-wake`, clock, log }));
  } catch (error) {
    durable.close();
    throw error;
  }
}

/** Opens one connection, without wake-up: for a helper thread. @throws SqliteError (`SQLITE_FAILED`) */
export async function openSqliteConnection(opening: Omit<SqliteOpening, "log">): Promise<SqliteConnection> {
  const { path, clock, synchronous = "full", waitMs = 10_000 } = opening;
  const connection = new SqliteConnection(path, clock);
  try {
    await connection.read(() => setUp(connection, synchronous), { waitMs });
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function setUp(connection: SqliteConnection, synchronous: Synchronous): void {
  const mode = Object.values(connection.statement("PRAGMA journal_mode = WAL").get() ?? {})[0];
  if (mode !== "wal") {
    throw new SqliteError(
      `SQLite file ${connection.path} cannot have a write-ahead log, which many programs at once need: put it on a local disk.`,
      { kind: "other" },
    );
  }
  connection.exec(`PRAGMA synchronous = ${synchronous}`);
  // After a flood the log is cut back, so that it does not hold the disk for ever.
  connection.exec("PRAGMA journal_size_limit = 67108864");
}

function makeDirectoryOf(path: string): void {
  try {
    makeDirectory(dirname(path));
  } catch (cause) {
    throw new SqliteError(`The directory of the SQLite file ${path} cannot be made: ${(cause as Error).message}.`, {
      kind: "cannot-open",
      cause,
    });
  }
}

class OpenClient implements SqliteClient {
  readonly path: string;
  readonly durable: SqliteConnection;
  readonly relaxed: SqliteConnection;
  readonly wake: WakeFile;
  readonly #identity: string | undefined;

  constructor(durable: SqliteConnection, relaxed: SqliteConnection, wake: WakeFile) {
    this.path = durable.path;
    this.durable = durable;
    this.relaxed = relaxed;
    this.wake = wake;
    this.#identity = fileIdentity(this.path);
  }

  isReplaced(): boolean {
    return fileIdentity(this.path) !== this.#identity;
  }

  close(): void {
    this.wake.close();
    this.relaxed.close();
    this.durable.close();
  }
}

/** Tells the file at a path from another one that takes its place; `undefined` while there is none. */
export function fileIdentity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
