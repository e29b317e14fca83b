import { renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import { systemClock, type Clock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { sqliteTransport } from "./index.ts";
import { openBeside } from "./test-support/open-beside.ts";
import { idsOf, message, newPath, openStore, take } from "./test-support/open-store.ts";

/** Time goes a hundred times faster for what is open. */
const fast: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 100 };
/** And whoever waits, waits no longer by it. */
const hurried: Clock = { ...fast, timer: (ms, callback, options) => systemClock.timer(ms / 100, callback, options) };

describe("faults", () => {
  it("a full disk is told, leaves nothing half-written, and is over when there is space", async () => {
    const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
    const { store, path } = await openStore();
    const connections = new Set(prepare.mock.contexts as unknown as DatabaseSync[]);
    prepare.mockRestore();
    // The stand-in for a full disk, for SQLite ends in the same error when its file may grow no further. It holds for one connection.
    for (const connection of connections) connection.exec("PRAGMA max_page_count = 30");
    const batch = Array.from({ length: 100 }, (_, index) => message(`m${index}`, { body: Buffer.alloc(2_000) }));
    await expect(store.publish(batch)).rejects.toMatchObject({ code: "STORAGE_FULL", retryable: true });
    expect(await take(store)).toEqual([]);
    for (const connection of connections) connection.exec("PRAGMA max_page_count = 1000000");
    await store.publish(batch);
    expect(await take(store)).toHaveLength(100);
    expect(openBeside(path).prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  it("another program's lock delays a publish and leaves the event loop free", async () => {
    const { store, path } = await openStore();
    const other = openBeside(path);
    other.exec("BEGIN IMMEDIATE");
    const published = store.publish([message("a")]);
    for (let turns = 0; turns < 50; turns += 1) await systemClock.sleep(5);
    other.exec("COMMIT");
    await published;
    expect(idsOf(await take(store))).toEqual(["a"]);
  });

  it("a lock that outlasts a publish is named to a program that only publishes", async () => {
    const path = newPath();
    const producer = await sqliteTransport({ url: `sqlite:${path}`, clock: hurried });
    onTestFinished(() => producer.close());
    await producer.declare({ queues: [{ name: "q" }] });
    const other = openBeside(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(producer.publish([message("a")])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/stayed locked by another program/u) as string,
    });
    other.exec("ROLLBACK");
  });

  it("a file that was replaced is told to the engine, which opens it again", async () => {
    const { store, path, lost } = await openStore({ clock: fast });
    await store.publish([message("a")]);
    renameSync(path, `${path}.old`);
    const sweep = () => store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 });
    await vi.waitFor(() => expect(sweep()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true }), {
      timeout: 20_000,
    });
    expect(lost).toHaveLength(1);
  });

  it("what a program without consumers publishes after the file was deleted is in the file that all others use", async () => {
    const path = newPath();
    const open = async () => {
      const connection = await sqliteTransport({ url: `sqlite:${path}`, clock: fast });
      onTestFinished(() => connection.close());
      await connection.declare({ queues: [{ name: "q" }] });
      return connection;
    };
    const producer = await open();
    await producer.publish([message("before")]);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    const other = await open();
    await vi.waitFor(
      async () => {
        await producer.publish([message("after")]);
        expect((await other.admin.inspect(["q"]))[0]?.ready).toBeGreaterThan(0);
      },
      { timeout: 20_000 },
    );
  });

  it("refuses a file of a later release and does not write to it", async () => {
    const { store, path } = await openStore();
    await store.close();
    const other = openBeside(path);
    other.exec("UPDATE lovage_schema SET version = 9, compatible = 8 WHERE component = 'transport'");
    await expect(openStore({ path })).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
    expect(other.prepare("SELECT count(*) AS queues FROM lovage_queues").get()).toEqual({ queues: 2 });
  });

  it("a queue that another program deleted is made again rather than losing a message", async () => {
    const { store } = await openStore();
    await store.admin.delete("q");
    await store.publish([message("a")]);
    expect(idsOf(await take(store))).toEqual(["a"]);
  });
});
