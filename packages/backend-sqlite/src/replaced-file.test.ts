import { rmSync } from "node:fs";

import type { Backend, Hold, ResultPut } from "@lovage/backend";
import { systemClock, type Clock } from "@lovage/foundation";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { sqliteBackend } from "./index.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

let path: string;

beforeEach(() => {
  const file = temporaryFile();
  path = file.path;
  onTestFinished(() => file.remove());
});

/** A backend for which time goes a hundred times faster. */
async function open(): Promise<Backend & Required<Pick<Backend, "results" | "coordination">>> {
  const clock: Clock = {
    ...systemClock,
    monotonic: () => systemClock.monotonic() * 100,
    timer: (ms, callback, options) => systemClock.timer(ms / 100, callback, options),
  };
  const backend = await sqliteBackend({ path, clock });
  onTestFinished(() => backend.close());
  return backend as Awaited<ReturnType<typeof open>>;
}

const put = (taskId: string): ResultPut => {
  return { taskId, state: "SUCCESS", document: "1", fence: [0, 1], expiresInMs: 3_600_000 };
};

const revoke = (taskId: string): ResultPut => ({ ...put(taskId), state: "REVOKED" });

function remove(): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}

test("results are stored where others find them, also after the file was deleted", async () => {
  const worker = await open();
  await worker.results.put([put("before")]);
  remove();
  const caller = await open();
  await vi.waitUntil(
    async () => {
      await worker.results.put([put("after")]);
      return (await caller.results.get(["after"]))[0] !== undefined;
    },
    { timeout: 20_000 },
  );
  expect(await worker.results.get(["before", "after"])).toEqual(await caller.results.get(["before", "after"]));
});

test("a watch hears what is stored in the file that took the place of its own, whose numbers begin again", async () => {
  const waiting = await open();
  const told: string[] = [];
  await waiting.results.put(Array.from({ length: 20 }, (_, index) => put(`earlier ${index}`)));
  const watch = await waiting.results.watch(["awaited"], ({ taskId }) => told.push(taskId));
  onTestFinished(() => watch.close());
  remove();
  const worker = await open();
  await worker.results.put([put("awaited")]);
  await vi.waitUntil(() => told.length > 0, { timeout: 20_000 });
  expect(told).toEqual(["awaited"]);
});

test("a lock in the file that was deleted is not taken for one in the new file", async () => {
  const one = await open();
  await one.coordination.acquire({ name: "leader", holder: "one", leaseMs: 3_600_000 });
  remove();
  const two = await open();
  await two.coordination.acquire({ name: "leader", holder: "two", leaseMs: 3_600_000 });
  await vi.waitUntil(async () => !(await one.coordination.renew("leader", "one", 3_600_000)), { timeout: 20_000 });
  expect(await one.coordination.acquire({ name: "leader", holder: "one", leaseMs: 1_000 })).toMatchObject({
    granted: false,
  });
});

test("numbers go on in the new file: no revocation is behind a cursor of the old one, and no fence comes back", async () => {
  const worker = await open();
  await worker.results.put(["a", "b", "c"].map(revoke));
  const { cursor } = await worker.results.revocations();
  const request = { name: "door", holder: "worker", leaseMs: 3_600_000 };
  const first = await worker.coordination.acquire(request);
  remove();
  const caller = await open();
  await caller.results.put([revoke("later")]);
  await vi.waitUntil(async () => (await worker.results.get(["later"]))[0] !== undefined, { timeout: 20_000 });
  expect((await worker.results.revocations({ after: cursor })).taskIds).toEqual(["later"]);
  const second = await worker.coordination.acquire(request);
  expect(fenceOf(second)).toBeGreaterThan(fenceOf(first));
});

const fenceOf = (hold: Hold): number => (hold.granted ? hold.fence : Number.NaN);
