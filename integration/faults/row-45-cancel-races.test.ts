import * as fc from "fast-check";
import { expect, inject } from "vitest";
import { figuresOf, recordFigures, sound } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

const races = depth.of(10_000);
const atOnce = 50;

/** One race: when the call is cancelled, how long it works, whether it asks for a retry first. */
interface Race {
  readonly cancelAfterMs: number;
  /** That time begins with the call's first start, not when it was sent: on a busy machine all cancellations would come in time. */
  readonly afterStart: boolean;
  readonly workMs: number;
  readonly retries: boolean;
}

const race = fc.record<Race>({
  cancelAfterMs: fc.integer({ min: 0, max: 30 }),
  afterStart: fc.boolean(),
  workMs: fc.integer({ min: 0, max: 20 }),
  retries: fc.boolean(),
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

fault(
  45,
  "a call that is cancelled while it is claimed, ends or is retried has one end, and does not come back",
  async (scene) => {
    const app = scene.createApp();
    const lastStart = new Map<string, number>();
    const attempts = new Set<string>();
    let runs = 0;
    const work = app.task("work", { bind: true, maxRetries: 1 }, async (task, workMs: number, retries: boolean) => {
      lastStart.set(task.id, performance.now());
      attempts.add(`${task.retries} ${task.id}`);
      runs += 1;
      await pause(workMs);
      if (retries && task.retries === 0) throw task.retry({ countdown: 5 });
      return task.id;
    });
    await using worker = app.worker({ concurrency: atOnce });
    await worker.start();
    const all = fc.sample(race, { numRuns: races, seed: inject("seed") });
    const ends = { SUCCESS: 0, REVOKED: 0 };
    const told: { readonly id: string; readonly state: string }[] = [];
    const run = async ({ cancelAfterMs, afterStart, workMs, retries }: Race): Promise<void> => {
      const result = await work.delay(workMs, retries);
      if (afterStart) await eventually(() => lastStart.has(result.id), { what: "the start", withinMs: 60_000 });
      await pause(cancelAfterMs);
      const inTime = await result.cancel();
      const cancelledAtMs = performance.now();
      const end = await result.get({ timeout: "20s" }).then(
        () => "SUCCESS" as const,
        (error: unknown) => {
          expect(error).toMatchObject({ code: "TASK_REVOKED" });
          return "REVOKED" as const;
        },
      );
      expect(end, "what cancel() said, and what became of it").toBe(inTime ? "REVOKED" : "SUCCESS");
      expect((lastStart.get(result.id) ?? 0) - cancelledAtMs, "ms from the answer to a later start").toBeLessThan(
        1_000,
      );
      ends[end] += 1;
      told.push({ id: result.id, state: end });
    };
    const line = [...all];
    const loop = async (): Promise<void> => {
      for (let next = line.shift(); next !== undefined; next = line.shift()) await run(next);
    };
    await Promise.all(Array.from({ length: atOnce }, loop));
    await eventually(
      async () => {
        const { ready, delayed, unsettled } = await countsOf(app);
        return ready + delayed + unsettled === 0;
      },
      { what: "an empty queue", withinMs: 120_000 * depth.patience },
    );
    await worker.stop();
    const states = await Promise.all(told.map(({ id }) => app.result(id).state()));
    expect(states, "nothing has changed since").toEqual(told.map(({ state }) => state));
    expect(ends.SUCCESS * ends.REVOKED, "both ends have come").toBeGreaterThan(0);
    recordFigures({
      row: 45,
      broker: scene.broker,
      fault: `${races} races of cancel() (${ends.REVOKED} in time)`,
      ...sound(races),
      doubled: runs - attempts.size,
      // Nothing is killed; but a machine that stands still may cost the leases of all that runs.
      doubledLimit: atOnce,
      timings: [],
    });
  },
);

fault(
  45,
  "a running task is told within a second that it was cancelled, in whatever process it runs",
  async (scene) => {
    if (!scene.hasProcesses) scene.skip("its queues live in one process");
    await scene.startWorkers(2);
    const results = await scene.send(
      "load.linger",
      Array.from({ length: 12 }, () => []),
    );
    await scene.until("running tasks", (entries) => entries.filter(({ kind }) => kind === "started").length === 12);
    const cancelledAtMs = Date.now();
    const cancelled = await Promise.all(results.map((result) => result.cancel()));
    expect(cancelled).toEqual(results.map(() => true));
    await scene.until("aborted signals", (entries) => entries.filter(({ kind }) => kind === "aborted").length === 12);
    const aborted = scene.entries.filter(({ kind }) => kind === "aborted").map(({ atMs }) => atMs - cancelledAtMs);
    await scene.untilSettled();
    const verdict = judge(scene.entries, { endedElsewhere: new Set(results.map(({ id }) => id)) });
    recordFigures({
      row: 45,
      broker: scene.broker,
      fault: "running tasks cancelled",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [{ name: "signal aborted", measuredMs: Math.max(...aborted), limitMs: 1_000 }],
    });
  },
);
