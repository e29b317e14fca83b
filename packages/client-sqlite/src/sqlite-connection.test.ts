import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { hasCode, systemClock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteConnection } from "./open-sqlite.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { isSqliteError } from "./sqlite-error.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";

async function open(): Promise<{ connection: SqliteConnection; other: DatabaseSync }> {
  const path = join(temporaryDirectory(), "queue.db");
  const connection = await openSqliteConnection({ path, clock: systemClock });
  const other = new DatabaseSync(path, { timeout: 0 });
  onTestFinished(() => {
    connection.close();
    if (other.isOpen) other.close();
  });
  connection.exec("CREATE TABLE t (x)");
  return { connection, other };
}

const insert = (connection: SqliteConnection, x: number | string) => (): void => {
  connection.statement("INSERT INTO t VALUES (?)").run(x);
};
const rows = (connection: SqliteConnection): unknown[] =>
  connection
    .statement("SELECT x FROM t ORDER BY rowid")
    .all()
    .map(({ x }) => x);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("SqliteConnection", () => {
  it("gives rows as objects or as arrays, by the same text", async () => {
    const { connection } = await open();
    await connection.write(insert(connection, 1));
    const sql = "SELECT x, x + 1 AS y FROM t";
    expect(connection.tuples(sql).all()).toEqual([[1, 2]]);
    expect(connection.statement(sql).all()).toEqual([{ x: 1, y: 2 }]);
    expect(connection.tuples(sql).all()).toEqual([[1, 2]]);
  });

  it("writes all of a transaction or nothing", async () => {
    const { connection } = await open();
    await connection.write(insert(connection, 1));
    const error = await failure(
      connection.write(() => {
        insert(connection, 2)();
        throw new Error("mine");
      }),
    );
    expect(error).toEqual(new Error("mine"));
    expect(rows(connection)).toEqual([1]);
  });

  it("makes its first attempt before it returns", async () => {
    const { connection } = await open();
    const written = connection.write(insert(connection, 1));
    expect(rows(connection)).toEqual([1]);
    await written;
  });

  it("waits for another connection's lock without holding the event loop, and serves in order", async () => {
    const { connection, other } = await open();
    other.exec("BEGIN IMMEDIATE");
    const written = [1, 2, 3].map((x) => connection.write(insert(connection, x)));
    let turns = 0;
    for (; turns < 20; turns += 1) await systemClock.sleep(5);
    expect(rows(connection)).toEqual([]);
    other.exec("COMMIT");
    await Promise.all(written);
    expect(rows(connection)).toEqual([1, 2, 3]);
  });

  it("gives up when its time is over, having written nothing, and works again afterwards", async () => {
    const { connection, other } = await open();
    other.exec("BEGIN IMMEDIATE");
    const error = await failure(connection.write(insert(connection, 1), { waitMs: 30 }));
    expect(isSqliteError(error) && error.kind).toBe("busy");
    expect(error).toMatchObject({ retryable: true });
    other.exec("COMMIT");
    await connection.write(insert(connection, 2));
    expect(rows(connection)).toEqual([2]);
  });

  it("refuses who waits when it closes, and everybody later", async () => {
    const { connection, other } = await open();
    other.exec("BEGIN IMMEDIATE");
    const waiting = failure(connection.write(insert(connection, 1)));
    connection.close();
    connection.close();
    expect(hasCode(await waiting, "CLOSED")).toBe(true);
    expect(hasCode(await failure(connection.read(() => 1)), "CLOSED")).toBe(true);
  });

  it("tells a full file, writes nothing of the transaction and works again once there is space", async () => {
    const { connection } = await open();
    // The stand-in for a full disk: both end in SQLITE_FULL.
    const pages = Number(Object.values(connection.statement("PRAGMA page_count").get() ?? {})[0]);
    connection.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const error = await failure(
      connection.write(() => {
        for (let index = 0; index < 100; index += 1) insert(connection, "x".repeat(1000))();
      }),
    );
    expect(isSqliteError(error) && error.kind).toBe("full");
    expect(rows(connection)).toEqual([]);
    connection.exec("PRAGMA max_page_count = 1000000");
    await connection.write(insert(connection, 1));
    expect(rows(connection)).toEqual([1]);
    expect(connection.statement("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  it("names a fault in a statement as one that lasts", async () => {
    const { connection } = await open();
    const error = await failure(connection.read(() => connection.statement("SELECT nothing FROM nowhere").get()));
    expect(error).toMatchObject({ code: "SQLITE_FAILED", kind: "other", retryable: false });
  });
});
