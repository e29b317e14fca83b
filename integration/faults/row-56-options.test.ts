import { virtualClock } from "@lovage/foundation";
import type { CallOptions } from "lovage";
import { expect } from "vitest";
import { memory } from "../brokers/memory.ts";
import { textWith } from "../scene/expected-text.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

const badCalls: readonly (readonly [field: string, options: object])[] = [
  ["countdown", { countdown: -1 }],
  ["countdown", { countdown: Number.NaN }],
  ["countdown", { countdown: Infinity }],
  ["countdown", { countdown: "soon" }],
  ["countdown", { countdown: "-5s" }],
  ["countdown", { countdown: 1, eta: new Date() }],
  ["eta", { eta: new Date(Number.NaN) }],
  ["eta", { eta: 5 }],
  ["expires", { expires: -1 }],
  ["priority", { priority: 10 }],
  ["priority", { priority: -1 }],
  ["priority", { priority: 1.5 }],
  ["priority", { priority: "9" }],
  ["timeLimit", { timeLimit: 0 }],
  ["timeLimit", { timeLimit: -1 }],
  ["softTimeLimit", { softTimeLimit: Number.NaN }],
  ["taskId", { taskId: "" }],
  ["taskId", { taskId: "x".repeat(201) }],
  ["key", { key: "x".repeat(201) }],
  ["headers", { headers: [] }],
  ["kwargs", { kwargs: new Map() }],
  ["retires", { retires: 1 }],
];

fault(56, "a bad option of a call is refused before anything is sent, and the error names it", async (scene) => {
  const app = scene.createApp();
  const task = app.task("task", () => {});
  for (const [field, options] of badCalls) {
    const sent = task.applyAsync([], options as CallOptions);
    await expect(sent, `for ${JSON.stringify(options)}`).rejects.toMatchObject({ code: "OPTION_INVALID", field });
  }
  expect(await countsOf(app)).toMatchObject({ ready: 0, delayed: 0 });
});

const badTasks: readonly (readonly [field: string, options: object])[] = [
  ["maxRetries", { maxRetries: -1 }],
  ["maxRetries", { maxRetries: 1e9 }],
  ["maxRetries", { maxRetries: 0.5 }],
  ["retryBackoff", { retryBackoff: -1 }],
  ["retryBackoffMax", { retryBackoffMax: "often" }],
  ["timeLimit", { timeLimit: Number.NaN }],
  ["softTimeLimit", { softTimeLimit: -1 }],
  ["priority", { priority: 11 }],
  ["rateLimit", { rateLimit: "many" }],
  ["rateLimit", { rateLimit: "0/s" }],
  ["ack", { ack: "never" }],
  ["deadLetter", { deadLetter: "maybe" }],
  ["maxRetires", { maxRetires: 3 }],
];

const badWorkers: readonly (readonly [field: string, options: object])[] = [
  ["concurrency", { concurrency: 0 }],
  ["concurrency", { concurrency: -1 }],
  ["concurrency", { concurrency: 1.5 }],
  ["concurrency", { concurrency: Infinity }],
  ["prefetch", { prefetch: 0 }],
  ["prefetch", { prefetch: "all" }],
  ["queues", { queues: [] }],
  ["pool", { pool: "threads" }],
  ["concurency", { concurency: 5 }],
];

fault(
  56,
  "a bad option of a task, a worker or an app is refused when it is made, and the error names it",
  async (scene) => {
    const app = scene.createApp();
    for (const [index, [field, options]] of badTasks.entries()) {
      const make = (): unknown => app.task(`task ${index}`, options, () => {});
      expect(make, `for ${JSON.stringify(options)}`).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID", field }),
      );
    }
    for (const [field, options] of badWorkers) {
      const make = (): unknown => app.worker(options);
      expect(make, `for ${JSON.stringify(options)}`).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID", field }),
      );
    }
    for (const options of [
      { concurrency: 0 },
      { maxDeliveries: 0 },
      { maxPayloadBytes: -1 },
      { shutdownGrace: -1 },
      { concurency: 1 },
    ]) {
      const [name = ""] = Object.keys(options);
      const make = (): unknown => scene.createApp(options);
      expect(make, `for ${name}`).toThrow(
        expect.objectContaining({ code: "CONFIGURATION_INVALID", message: textWith(name) }),
      );
    }
  },
);

/** More milliseconds than a timer of Node takes: 2^31 of them are less than 25 days. */
const longMs = 40 * 86_400_000;

fault(56, "a delay longer than any timer waits in the broker, and does not fire early", async (scene) => {
  const app = scene.createApp();
  let runs = 0;
  const task = app.task("task", () => void (runs += 1));
  await using worker = app.worker();
  await worker.start();
  const sentAtMs = Date.now();
  await task.applyAsync([], { countdown: longMs });
  await task.applyAsync([], { eta: new Date(sentAtMs + longMs) });
  await (await task.delay()).get({ timeout: "10s" });
  const waiting = await app.queue("default").list({ state: "delayed" });
  const { capabilities } = await scene.openTransport();
  // What can look near the head of its queues only does not show what is delayed.
  expect(waiting).toHaveLength(capabilities.browse === "all" ? 2 : 0);
  for (const { dueAtMs } of waiting) expect(Math.abs(dueAtMs! - sentAtMs - longMs)).toBeLessThan(10_000);
  expect(runs).toBe(1);
  await worker.stop();
});

fault(
  56,
  "a delay longer than any timer ends when it should, by the clock of the broker",
  async (scene) => {
    const clock = virtualClock();
    const app = scene.createApp({ clock });
    let runs = 0;
    const task = app.task("task", { ignoreResult: true }, () => void (runs += 1));
    await task.applyAsync([], { countdown: longMs });
    await clock.advance(longMs - 1_000);
    await using worker = app.worker();
    await worker.start();
    await clock.advance(900);
    expect(runs).toBe(0);
    await clock.advance(1_200);
    expect(runs).toBe(1);
    const ended = Promise.all([worker.stop({ timeout: 0 }), app.close()]);
    await clock.advance(10_000);
    await ended;
  },
  // The others' brokers have clocks of their own.
  { only: memory },
);
