import { expect } from "vitest";
import { codeOf } from "../scene/code-of.ts";
import { fault } from "../scene/fault.ts";

const maxPayloadBytes = 262_144;
const circular: Record<string, unknown> = {};
circular["self"] = circular;

const bad: Readonly<Record<string, readonly [value: unknown, error: string]>> = {
  "a BigInt": [1n, "ResultEncodeError"],
  "a circle": [circular, "ResultEncodeError"],
  "a function": [() => 1, "ResultEncodeError"],
  NaN: [Number.NaN, "ResultEncodeError"],
  "a little too much": ["x".repeat(maxPayloadBytes + 1), "PayloadTooLargeError"],
  "50 MB": ["x".repeat(50 * 1024 * 1024), "PayloadTooLargeError"],
};

fault(58, "a result that cannot be stored is a failed attempt, by the task's own policy", async (scene) => {
  const app = scene.createApp();
  const runs: string[] = [];
  const once = app.task("once", (what: string) => {
    runs.push(what);
    return bad[what]![0];
  });
  const retried = app.task("retried", { retryFor: true, maxRetries: 2, retryBackoff: 1 }, () => {
    runs.push("retried");
    return 1n;
  });
  await using worker = app.worker();
  await worker.start();
  for (const [what, [, name]] of Object.entries(bad)) {
    const result = await once.delay(what);
    await expect(result.get({ timeout: "20s" }), `for ${what}`).rejects.toMatchObject({
      code: "REMOTE_TASK_FAILED",
      name,
    });
  }
  await expect((await retried.delay()).get({ timeout: "20s" })).rejects.toMatchObject({ name: "ResultEncodeError" });
  expect(runs).toEqual([...Object.keys(bad), "retried", "retried", "retried"]);
  await worker.stop();
});

fault(
  58,
  "a task that never ends is told at its soft limit and given up at the hard one, and its slot is free again",
  async (scene) => {
    const app = scene.createApp();
    const told: { code?: unknown; atMs?: number } = {};
    const limits = { softTimeLimit: "300ms", timeLimit: "600ms" } as const;
    const never = app.task("never", { bind: true, ...limits }, async (task) => {
      const startedAtMs = performance.now();
      task.signal.addEventListener("abort", () => {
        told.code = codeOf(task.signal.reason);
        told.atMs = performance.now() - startedAtMs;
      });
      await new Promise(() => {});
    });
    const next = app.task("next", () => "ran");
    await using worker = app.worker({ concurrency: 2 });
    await worker.start();
    const startedAtMs = performance.now();
    const result = await never.delay();
    await expect(result.get({ timeout: "20s" })).rejects.toMatchObject({
      code: "REMOTE_TASK_FAILED",
      name: "TimeLimitExceeded",
    });
    expect(performance.now() - startedAtMs).toBeLessThan(5 * 700);
    expect(told.code).toBe("SOFT_TIME_LIMIT_EXCEEDED");
    expect(told.atMs).toBeLessThan(5 * 300);
    expect(await (await next.delay()).get({ timeout: "10s" })).toBe("ran");
    expect(worker.health()).toMatchObject({ running: 0, abandoned: 1 });
    await worker.stop({ timeout: 0 });
  },
);
