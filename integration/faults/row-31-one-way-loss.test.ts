import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { pace } from "../scene/pace.ts";

const concurrency = 8;
const taskMs = 500;

/** Tasks end while what a worker says arrives and what it is told does not. */
async function endDeaf(scene: Scene, deafMs: number): Promise<void> {
  const proxy = await scene.host.openProxy();
  await scene.startWorker({ concurrency, behind: proxy });
  await scene.send(
    "load.wait",
    Array.from({ length: concurrency }, () => [taskMs]),
  );
  await scene.until(
    "a full worker",
    (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
  );
  proxy.set({ down: { isBlackHole: true } });
  await scene.untilFinished(concurrency);
  await pause(deafMs);
  // What it was told meanwhile never arrives.
  proxy.cut();
  proxy.heal();
  await scene.untilEmpty();
}

async function expectOnce(scene: Scene, what: string, doubledLimit: number): Promise<void> {
  const verdict = judge(scene.entries);
  expect(verdict).toMatchObject({ accepted: concurrency, lost: [], zombieWrites: 0 });
  expect(verdict.doubled).toBeLessThanOrEqual(doubledLimit);
  const results = scene.entries
    .filter(({ kind }) => kind === "accepted")
    .map(({ taskId }) => scene.client.result(taskId));
  expect(await Promise.all(results.map((result) => result.state()))).toEqual(results.map(() => "SUCCESS"));
  recordFigures({
    row: 31,
    broker: scene.broker,
    fault: what,
    ...figuresOf(verdict),
    interruptedLimit: doubledLimit,
    timings: [],
  });
}

fault(31, "acknowledgements whose answers are lost count once, and no task runs again", async (scene) => {
  await endDeaf(scene, pace.leaseMs / 6);
  await expectOnce(scene, "answers to acknowledgements lost for L / 6", 0);
});

fault(31, "answers that are lost for longer than a lease cost at most a second run", async (scene) => {
  await endDeaf(scene, 1.5 * pace.leaseMs);
  await expectOnce(scene, "answers to acknowledgements lost for 1.5 x L", concurrency);
});
