import { DatabaseSync } from "node:sqlite";
import type { Backend, Hold, JoinProgress, ResultRecord } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { systemClock } from "@lovage/foundation";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sqliteBackend } from "./index.ts";
import type { Child } from "./test-support/start-child.ts";
import { startChild } from "./test-support/start-child.ts";
import type { TemporaryFile } from "./test-support/temporary-file.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

const expiresInMs = 3_600_000;
/** Eight programs start slowly on a machine that is busy. */
const timeout = 60_000;
let file: TemporaryFile;
let backend: Backend;

beforeEach(async () => {
  file = temporaryFile();
  backend = await sqliteBackend({ path: file.path });
});

afterEach(async () => {
  await backend.close();
  await file.remove();
});

function start(...args: string[]): Promise<Child> {
  return startChild(file.path, ...args);
}

async function runEight(toArgs: (index: number) => string[]): Promise<unknown[]> {
  const children = await Promise.all(Array.from({ length: 8 }, (_, index) => start(...toArgs(index))));
  for (const child of children) child.go();
  const answers = await Promise.all(children.map((child) => child.read()));
  await Promise.all(children.map((child) => child.end()));
  return answers;
}

it("is woken by what another program stores, without its own slow look", async () => {
  const withoutSlowLook: Clock = {
    ...systemClock,
    timer: (ms, callback, options) => systemClock.timer(ms >= 5000 ? Infinity : ms, callback, options),
  };
  const watching = await sqliteBackend({ path: file.path, clock: withoutSlowLook });
  const taskIds = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const told = new Map<string, ResultRecord>();
  await watching.results?.watch(taskIds, (record) => told.set(record.taskId, record));
  const child = await start("put", ...taskIds);
  child.go();
  await vi.waitFor(() => expect(told.size).toBe(20), { timeout: 10_000, interval: 1 });
  expect(await child.end()).toBe(0);
  await watching.close();
});

it("keeps what it told a program it had stored, though the program is killed while it stores", async () => {
  const child = await start("flood", "t");
  child.go();
  let last = -1;
  while (last < 200) last = Number(await child.read());
  await child.kill();
  const found = await backend.results?.get(Array.from({ length: last + 1 }, (_, index) => `t${index}`));
  expect(found?.filter((record) => record === undefined)).toEqual([]);
  const database = new DatabaseSync(file.path);
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
});

it("completes a join for the member that arrived, crashed and arrives again", async () => {
  await backend.joins?.open({ joinId: "j", size: 2, expiresInMs });
  await backend.joins?.arrive({ joinId: "j", memberId: "a", index: 0, payload: "a" });
  for (let life = 0; life < 2; life += 1) {
    const child = await start("arrive", "j", "b", "1");
    child.go();
    expect(await child.read()).toEqual({ known: true, arrived: 2, size: 2, completes: true } satisfies JoinProgress);
    await child.kill();
  }
  expect((await backend.joins?.members("j"))?.map(({ payload }) => payload)).toEqual(["a", "b"]);
});

it("completes a join once, of eight programs that arrive at once", { timeout }, async () => {
  await backend.joins?.open({ joinId: "j", size: 8, expiresInMs });
  const answers = (await runEight((index) => ["arrive", "j", `m${index}`, String(index)])) as JoinProgress[];
  expect(answers.filter(({ completes }) => completes)).toHaveLength(1);
  expect(await backend.joins?.members("j")).toHaveLength(8);
});

it("frees the lock of a program that was killed when its lease is over, with a larger fence", async () => {
  const leaseMs = 60_000;
  const child = await start("hold", "lock", "a", String(leaseMs));
  child.go();
  const first = (await child.read()) as Hold & { granted: true };
  expect(first.granted).toBe(true);
  await child.kill();
  expect(await backend.coordination?.acquire({ name: "lock", holder: "b", leaseMs: 1000 })).toMatchObject({
    granted: false,
  });
  // In place of waiting for it: a short lease could be over before the killed program has been waited for.
  const afterLease: Clock = { ...systemClock, now: () => systemClock.now() + leaseMs };
  const later = await sqliteBackend({ path: file.path, clock: afterLease });
  const second = await later.coordination?.acquire({ name: "lock", holder: "b", leaseMs: 1000 });
  await later.close();
  expect(second).toMatchObject({ granted: true });
  expect((second as Hold & { granted: true }).fence).toBeGreaterThan(first.fence);
});

it("grants a lock to one of eight programs that ask at once", { timeout }, async () => {
  const holds = (await runEight((index) => ["hold", "lock", `h${index}`, "60000"])) as Hold[];
  expect(holds.filter(({ granted }) => granted)).toHaveLength(1);
});

it("gives each key to one of eight programs, and tells all of them the same", { timeout }, async () => {
  const answers = (await runEight((index) => ["claim", `o${index}`, "50"])) as string[][];
  for (const owners of answers) expect(owners).toEqual(answers[0]);
});

it("records each instant for one of eight programs", { timeout }, async () => {
  await backend.schedules?.upsert({ scheduleId: "s", document: "1" });
  const won = (await runEight(() => ["record", "s", "50"])) as number[][];
  expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect((await backend.schedules?.list())?.[0]?.runs).toBe(50);
});
