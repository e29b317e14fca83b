import { readFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { Backend, ResultPut } from "@lovage/backend";
import { openSqlite } from "@lovage/client-sqlite";
import type { Clock, Timer } from "@lovage/foundation";
import { hasCode, silentLog, systemClock } from "@lovage/foundation";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backend as driver, sqliteBackend } from "./index.ts";
import { ResultWatches } from "./result-watches.ts";
import { SqliteResults } from "./results.ts";
import { Store } from "./store.ts";
import type { TemporaryFile } from "./test-support/temporary-file.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

let file: TemporaryFile;
const opened: Backend[] = [];

beforeEach(() => {
  file = temporaryFile();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((backend) => backend.close()));
  await file.remove();
});

async function open(): Promise<Backend> {
  const backend = await sqliteBackend({ path: file.path });
  opened.push(backend);
  return backend;
}

function put(taskId: string, document = "1"): ResultPut {
  return { taskId, state: "SUCCESS", document, fence: [0, 1], expiresInMs: 3_600_000 };
}

describe("the lock of another program", () => {
  it("is waited for while the event loop turns", async () => {
    const backend = await open();
    const other = new DatabaseSync(file.path);
    other.exec("BEGIN IMMEDIATE");
    let isStored = false;
    const storing = backend.results?.put([put("a")]).then(() => (isStored = true));
    let turns = 0;
    for (; turns < 20; turns += 1) await systemClock.sleep(10);
    expect(isStored).toBe(false);
    expect((await backend.results?.get(["a"]))?.[0]).toBeUndefined();
    other.exec("COMMIT");
    other.close();
    await storing;
    expect((await backend.results?.get(["a"]))?.[0]?.state).toBe("SUCCESS");
  });
});

describe("a full disk", () => {
  // A limit on the pages of the file stands for the disk: SQLite reports both alike.
  it("refuses with BACKEND_UNAVAILABLE, writes nothing, and stores again once there is space", async () => {
    await open();
    const client = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
    const store = new Store({ client, clock: systemClock, log: silentLog });
    const results = new SqliteResults(store, new ResultWatches(store), 1e9);
    client.durable.exec("PRAGMA max_page_count = 40");
    const large = put("large", "x".repeat(1_000_000));
    await expect(results.put([put("small"), large])).rejects.toSatisfy(
      (error) => hasCode(error, "BACKEND_UNAVAILABLE") && Reflect.get(error, "retryable") === true,
    );
    expect(await results.get(["small", "large"])).toEqual([undefined, undefined]);
    client.durable.exec("PRAGMA max_page_count = 1000000");
    expect(await results.put([put("small"), large])).toEqual(["stored", "stored"]);
    expect(client.relaxed.statement("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    store.close();
  });
});

describe("tables", () => {
  it("are planned as statements to run by hand, and applied once", async () => {
    const backend = await open();
    expect(await backend.schema?.plan()).toEqual({ from: 1, to: 1, statements: [] });
  });

  it("of a newer release are refused with SCHEMA_VERSION, and nothing is written", async () => {
    await (await open()).close();
    const other = new DatabaseSync(file.path);
    other.exec("UPDATE lovage_schema SET version = 9, compatible = 8 WHERE component = 'backend'");
    other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    other.close();
    const before = await readFile(file.path);
    await expect(open()).rejects.toSatisfy((error) => hasCode(error, "SCHEMA_VERSION"));
    expect(await readFile(file.path)).toEqual(before);
  });
});

describe("watches", () => {
  it("cost one subscription, however many tasks are watched", async () => {
    await open();
    const client = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
    const store = new Store({ client, clock: systemClock, log: silentLog });
    const subscribe = vi.spyOn(client.wake, "subscribe");
    const watches = new ResultWatches(store);
    const running = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => watches.add([`t${index}`], () => {})),
    );
    expect(subscribe).toHaveBeenCalledTimes(1);
    for (const watch of running) watch.close();
    await watches.add(["again"], () => {});
    expect(subscribe).toHaveBeenCalledTimes(2);
    watches.close();
    store.close();
  });

  it("find by a slow look what a program committed and did not live to announce", async () => {
    // A clock whose timers are a hundred times quicker.
    const clock = { ...systemClock, timer: quickTimer };
    const backend = await sqliteBackend({ path: file.path, clock });
    opened.push(backend);
    const told: string[] = [];
    await backend.results?.watch(["a"], ({ taskId }) => told.push(taskId));
    const other = new DatabaseSync(file.path);
    other.exec("UPDATE lovage_backend_counter SET value = value + 1");
    other.exec(
      "INSERT INTO lovage_result (change, task_id, state, expires_at, document) SELECT value, 'a', 'SUCCESS', 9e15, '1' FROM lovage_backend_counter",
    );
    other.close();
    await vi.waitFor(() => expect(told).toEqual(["a"]), { timeout: 10_000, interval: 5 });
  });
});

function quickTimer(...[ms, callback, options]: Parameters<Clock["timer"]>): Timer {
  return systemClock.timer(ms / 100, callback, options);
}

describe("the URL", () => {
  const context = { clock: systemClock, log: silentLog, name: "test" };
  const options = { synchronous: "full", maxDocumentBytes: 1_000_000 } as const;

  it("may hold options, above which those beside it stand, as with the transport on the same file", async () => {
    const url = `sqlite://${file.path}?maxDocumentBytes=300000&synchronous=normal`;
    const backend = await driver.open({ url, options: { synchronous: "full" }, ...context });
    opened.push(backend);
    expect(backend.capabilities).toMatchObject({ maxDocumentBytes: 300_000, durability: "power" });
  });

  it.each(["?lease=3s", "?maxDocumentBytes=many", "?synchronous=off"])("with %s is refused", async (query) => {
    const opening = driver.open({ url: `sqlite://${file.path}${query}`, options, ...context });
    await expect(opening).rejects.toSatisfy((error) => hasCode(error, "CONFIGURATION_INVALID"));
  });

  it("of a file that cannot be made rejects with BACKEND_UNAVAILABLE", async () => {
    const opening = driver.open({ url: "sqlite:///dev/null/queue.db", options, ...context });
    await expect(opening).rejects.toSatisfy((error) => hasCode(error, "BACKEND_UNAVAILABLE"));
  });
});
