import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { silentLog, systemClock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqlite, type SqliteClient } from "./open-sqlite.ts";
import type { SqliteConnection, Synchronous } from "./sqlite-connection.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";

async function open(path: string, synchronous?: Synchronous): Promise<SqliteClient> {
  const client = await openSqlite({ path, clock: systemClock, log: silentLog, synchronous });
  onTestFinished(() => client.close());
  return client;
}

const pragma = (connection: SqliteConnection, name: string): unknown =>
  Object.values(connection.statement(`PRAGMA ${name}`).get() ?? {})[0];

describe("openSqlite", () => {
  it("makes the directory and opens a file for many: write-ahead log, no blocking wait, foreign keys as they were", async () => {
    const path = join(temporaryDirectory(), "deep", "er", "queue.db");
    const client = await open(path);
    for (const connection of [client.durable, client.relaxed]) {
      expect(pragma(connection, "journal_mode")).toBe("wal");
      expect(pragma(connection, "busy_timeout")).toBe(0);
      expect(pragma(connection, "foreign_keys")).toBe(0);
    }
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ["normal", 1],
    ["full", 2],
    ["extra", 3],
    [undefined, 2],
  ] as const)(
    "with synchronous %s the durable connection has level %i, the relaxed one 1",
    async (synchronous, level) => {
      const client = await open(join(temporaryDirectory(), "queue.db"), synchronous);
      expect(pragma(client.durable, "synchronous")).toBe(level);
      expect(pragma(client.relaxed, "synchronous")).toBe(1);
    },
  );

  it("opens one new file twenty times at once", async () => {
    const path = join(temporaryDirectory(), "queue.db");
    const clients = await Promise.all(Array.from({ length: 20 }, () => open(path)));
    for (const { durable } of clients) expect(pragma(durable, "journal_mode")).toBe("wal");
  });

  it("refuses a file that is no database, and leaves it alone", async () => {
    const path = join(temporaryDirectory(), "queue.db");
    writeFileSync(path, "no database ".repeat(1000));
    await expect(open(path)).rejects.toMatchObject({ kind: "corrupt", retryable: false });
    expect(existsSync(`${path}-wake`)).toBe(false);
  });

  it("tells that a directory cannot be made", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    await expect(open(join(file, "queue.db"))).rejects.toMatchObject({ kind: "cannot-open" });
  });

  it("notices that the file was deleted or replaced", async () => {
    const path = join(temporaryDirectory(), "queue.db");
    const client = await open(path);
    expect(client.isReplaced()).toBe(false);
    renameSync(path, `${path}.old`);
    expect(client.isReplaced()).toBe(true);
    writeFileSync(path, "");
    expect(client.isReplaced()).toBe(true);
    rmSync(path);
  });
});
