import { virtualClock } from "@lovage/foundation";
import { describe, expect, test } from "vitest";
import { chain } from "../canvas/chain.ts";
import { chord } from "../canvas/chord.ts";
import { group } from "../canvas/group.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import { createApp } from "./create-app.ts";

const setUp = () => {
  const clock = virtualClock();
  const log = recordedLog();
  const app = createApp({ broker: "memory:", backend: "memory:", clock, log });
  const add = app.task("add", (x: number, y: number) => x + y);
  const total = app.task("total", (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0));
  return { app, clock, log, add, total };
};

describe("an app with a worker", () => {
  test("runs what is sent and gives its result", async () => {
    const { app, add } = setUp();
    await app.worker().start();
    const result = await add.delay(2, 3);
    await expect(result.get({ timeout: "10s" })).resolves.toBe(5);
    await app.close();
  });

  test("runs many", async () => {
    const { app, add } = setUp();
    await app.worker().start();
    const results = await add.applyMany(Array.from({ length: 500 }, (_, n) => [n, n] as [number, number]));
    const sums = await Promise.all(results.map((result) => result.get()));
    expect(sums).toEqual(Array.from({ length: 500 }, (_, n) => 2 * n));
    await app.close();
  });

  test("runs a chain and a chord", async () => {
    const { app, add, total } = setUp();
    await app.worker().start();
    const chained = await chain(add.s(1, 2), add.s(10)).delay();
    await expect(chained.get()).resolves.toBe(13);
    const joined = await chord(group([add.s(1, 1), add.s(2, 2)]), total.s()).delay();
    await expect(joined.get()).resolves.toBe(6);
    await app.close();
  });

  test("stops its workers when it is closed, and gives the process back", async () => {
    const { app, clock, add } = setUp();
    const workers = [app.worker(), app.worker({ queues: ["other"] }), app.worker()];
    await Promise.all(workers.slice(0, 2).map((worker) => worker.start()));
    await (await add.delay(1, 2)).get();
    await Promise.all([app.close(), app.close()]);
    await Promise.all(workers.map((worker) => worker.closed));
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["first", 0],
    ["after a call", 1],
  ])("whose leases a thread is to renew, started %s, warns if it comes too late for that", async (when, warnings) => {
    const { app, log, add } = setUp();
    if (when === "after a call") await add.delay(1, 2);
    await app.worker({ renewal: "thread" }).start();
    await (await add.delay(3, 4)).get();
    expect(log.lines.filter(([, text]) => text.includes("renewed on the event loop"))).toHaveLength(warnings);
    await app.close();
  });

  test("does not run what was cancelled before it began", async () => {
    const { app, add } = setUp();
    const result = await add.delay(1, 2);
    await expect(result.cancel()).resolves.toBe(true);
    await app.worker().start();
    await (await add.delay(3, 4)).get();
    await expect(result.get()).rejects.toMatchObject({ code: "TASK_REVOKED" });
    await app.close();
  });
});
