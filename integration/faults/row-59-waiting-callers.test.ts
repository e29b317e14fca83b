import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { codeOf } from "../scene/code-of.ts";
import { fault } from "../scene/fault.ts";

const waiters = 10_000;
const maxBytesPerWaiter = 2_048;

fault(
  59,
  "a caller is told of failed, cancelled, expired, forgotten and unknown tasks, and nobody waits past the deadline",
  async (scene) => {
    const app = scene.createApp();
    const fail = app.task("fail", () => {
      throw new RangeError("out of range");
    });
    const ok = app.task("ok", () => "ok");
    const expired = await ok.applyAsync([], { expires: 1 });
    const cancelled = await ok.applyAsync([], { countdown: "1h" });
    await using worker = app.worker();
    await worker.start();
    await expect((await fail.delay()).get({ timeout: "10s" })).rejects.toMatchObject({
      name: "RangeError",
      message: "out of range",
    });
    await expect(expired.get({ timeout: "10s" })).rejects.toMatchObject({ code: "TASK_REVOKED", reason: "expired" });
    await cancelled.cancel();
    await expect(cancelled.get({ timeout: "10s" })).rejects.toMatchObject({ code: "TASK_REVOKED", reason: "revoked" });
    const forgotten = await ok.delay();
    await forgotten.get({ timeout: "10s" });
    await forgotten.forget();
    await expect(forgotten.get({ timeout: "1s" })).rejects.toMatchObject({ code: "RESULT_EXPIRED" });
    await timesOut(() => app.result("no such task").get({ timeout: 200 }), 200);
    await worker.stop();
  },
);

fault(59, "ten thousand waiters cost little, all end at their deadline, and nothing of them is left", async (scene) => {
  const app = scene.createApp();
  await app.result("warm-up").state();
  const before = usedBytes();
  const startedAtMs = performance.now();
  const waits = Array.from({ length: waiters }, (_, index) => app.result(`nobody ${index}`).get({ timeout: "2s" }));
  const outcomes = Promise.allSettled(waits);
  await new Promise(setImmediate);
  const perWaiter = (usedBytes() - before) / waiters;
  const codes = (await outcomes).map((outcome) => outcome.status === "rejected" && codeOf(outcome.reason));
  expect(new Set(codes)).toEqual(new Set(["RESULT_TIMEOUT"]));
  expect(performance.now() - startedAtMs).toBeLessThan(5 * 2_000);
  expect(perWaiter, "bytes for each").toBeLessThan(maxBytesPerWaiter);
});

fault(59, "ten thousand waiters get their results", async (scene) => {
  const app = scene.createApp();
  const echo = app.task("echo", (value: number) => value);
  await using worker = app.worker({ concurrency: 50 });
  await worker.start();
  const calls = Array.from({ length: 1_000 }, (_, index): [number] => [index]);
  const results = await echo.applyMany(calls);
  const values = await Promise.all(
    results.flatMap((result) => Array.from({ length: 10 }, () => result.get({ timeout: "30s" }))),
  );
  expect(values).toHaveLength(waiters);
  expect(new Set(values)).toEqual(new Set(calls.flat()));
  await worker.stop();
});

fault(
  59,
  "while the result store is down a caller waits until its deadline, a new one too, and both get their results afterwards",
  async (scene) => {
    const app = scene.createApp();
    const echo = app.task("echo", (value: number) => value);
    const [early, late] = await echo.applyMany([[1], [2]]);
    const waiting = early!.get({ timeout: "90s" });
    // When something else ends this test first, that is what it failed of.
    waiting.catch(() => undefined);
    await scene.host.whileAway(async () => {
      await timesOut(() => late!.get({ timeout: 500 }), 500);
    });
    // The caller's own connections may still be on their way back.
    const elsewhere = scene.createApp();
    elsewhere.task("echo", (value: number) => value);
    await using worker = elsewhere.worker();
    await worker.start();
    expect(await waiting).toBe(1);
    expect(await late!.get({ timeout: "30s" })).toBe(2);
    await worker.stop();
  },
  { needs: "absence" },
);

async function timesOut(wait: () => Promise<unknown>, afterMs: number): Promise<void> {
  const startedAtMs = performance.now();
  await expect(wait()).rejects.toMatchObject({ code: "RESULT_TIMEOUT" });
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(afterMs - 1);
  expect(performance.now() - startedAtMs).toBeLessThan(5 * afterMs);
}

/** Collects garbage, which a program may only ask for under a flag. */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function usedBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
