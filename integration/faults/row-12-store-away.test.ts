import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { pace, unhurriedPace } from "../scene/pace.ts";

const concurrency = 8;
const taskMs = 500;

/** Takes the store away while tasks run, and gives it back after they have ended. Answers when. */
async function takeAway(scene: Scene, awayMs: number): Promise<number> {
  await scene.startWorker({ concurrency });
  await scene.host.readyForKill();
  await scene.send(
    "load.wait",
    Array.from({ length: concurrency }, () => [taskMs]),
  );
  await scene.until(
    "running tasks",
    (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
  );
  const heldAtMs = Date.now();
  await scene.host.whileAway(async () => {
    await scene.untilFinished(concurrency);
    await scene.until("the end of the hold", () => Date.now() - heldAtMs >= awayMs);
  });
  return Date.now();
}

async function tellOutcome(
  scene: Scene,
  what: string,
  limits: { backAtMs: number; interruptedLimit: number },
): Promise<void> {
  const emptyAtMs = Date.now();
  const verdict = judge(scene.entries);
  const results = scene.entries
    .filter(({ kind }) => kind === "accepted")
    .map(({ taskId }) => scene.client.result(taskId));
  expect(await Promise.all(results.map((result) => result.state()))).toEqual(results.map(() => "SUCCESS"));
  recordFigures({
    row: 12,
    broker: scene.broker,
    fault: what,
    ...figuresOf(verdict),
    interruptedLimit: limits.interruptedLimit,
    timings: [
      { name: "all recorded", measuredMs: emptyAtMs - limits.backAtMs, limitMs: pace.leaseMs + pace.sweepMs + 1_000 },
    ],
  });
}

fault(
  12,
  "a store that is away for less than a lease when tasks end has each recorded once afterwards",
  async (scene) => {
    const backAtMs = await takeAway(scene, pace.leaseMs / 3);
    await scene.untilEmpty();
    expect(judge(scene.entries)).toMatchObject({ accepted: concurrency, lost: [], doubled: 0 });
    await tellOutcome(scene, "the store away for L / 3 when tasks end", { backAtMs, interruptedLimit: 0 });
  },
  // A server that takes seconds to come back on a busy machine must still do so within the lease.
  { needs: "absence", mostlyWaits: true, pace: unhurriedPace },
);

fault(
  12,
  "a store that is away for longer than the lease costs at most a second run, and each result is stored once",
  async (scene) => {
    const backAtMs = await takeAway(scene, 2 * pace.leaseMs);
    await scene.untilEmpty();
    const { lost, doubled } = judge(scene.entries);
    expect(lost).toEqual([]);
    expect(doubled).toBeLessThanOrEqual(concurrency);
    await tellOutcome(scene, "the store away for 2 x L when tasks end", { backAtMs, interruptedLimit: concurrency });
  },
  { needs: "absence", mostlyWaits: true },
);
