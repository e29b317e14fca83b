import { openSqlite } from "@lovage/client-sqlite";
import { silentLog, systemClock } from "@lovage/foundation";
import { expect, it } from "vitest";
import { SqliteCoordination } from "./coordination.ts";
import { sqliteBackend } from "./index.ts";
import { SqliteJoins } from "./joins.ts";
import { ResultWatches } from "./result-watches.ts";
import { SqliteResults } from "./results.ts";
import { SqliteSchedules } from "./schedules.ts";
import { Store } from "./store.ts";
import { sweepExpired } from "./sweep-expired.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

/** Makes every call once or twice, so that each statement is prepared. */
async function useAll(store: Store): Promise<void> {
  const expiresInMs = 1000;
  const watches = new ResultWatches(store);
  const results = new SqliteResults(store, watches, 1e6);
  const put = { taskId: "a", state: "REVOKED", document: "1", fence: null, expiresInMs };
  await results.watch(["a"], () => {});
  await results.put([put]);
  await results.put([put]);
  await results.revocations();
  await results.forget(["a"]);
  const joins = new SqliteJoins(store);
  await joins.open({ joinId: "j", size: 1, expiresInMs });
  await joins.arrive({ joinId: "j", memberId: "m", index: 0, payload: "" });
  await joins.members("j");
  await joins.close("j");
  const coordination = new SqliteCoordination(store);
  for (const holder of ["a", "b", "b"]) await coordination.acquire({ name: "l", holder, leaseMs: 1000, waitMs: 1000 });
  await coordination.renew("l", "a", 1000);
  await coordination.release("l", "a");
  await coordination.reserve({ name: "b", tokens: 1, perMs: 1 });
  for (const owner of ["a", "b"]) await coordination.claimKey({ key: "k", owner, expiresInMs });
  await coordination.releaseKey("k", "a");
  const schedules = new SqliteSchedules(store);
  await schedules.upsert({ scheduleId: "s", document: "1" });
  await schedules.recordRun({ scheduleId: "s", instantMs: 1, expiresInMs });
  await schedules.remove("s");
  await store.writeRelaxed((connection) => sweepExpired(connection, systemClock.now() + 10_000));
  watches.close();
}

it("no statement reads through a whole table, so that no cost grows with what is stored", async () => {
  const file = temporaryFile();
  await (await sqliteBackend({ path: file.path })).close();
  const client = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
  const statements = new Set<string>();
  for (const connection of [client.durable, client.relaxed]) {
    const prepare = connection.statement.bind(connection);
    connection.statement = (sql) => {
      if (/^(SELECT|INSERT|UPDATE|DELETE)/.test(sql)) statements.add(sql);
      return prepare(sql);
    };
  }
  const store = new Store({ client, clock: systemClock, log: silentLog });
  await useAll(store);
  expect(statements.size).toBeGreaterThan(25);
  for (const sql of statements) {
    const plan = client.relaxed.statement(`EXPLAIN QUERY PLAN ${sql}`).all();
    const scans = plan.filter((row) => /^SCAN (?!CONSTANT)/.test(String(row["detail"])));
    expect({ sql, scans }).toEqual({ sql, scans: [] });
  }
  store.close();
  await file.remove();
});
