import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge, unrecordedMs } from "../ledger/verdict.ts";
import type { ProcessEnd } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const workers = 3;
const concurrency = 8;
const taskMs = 150;
const soakMs = depth.name === "full" ? 60_000 : 20_000;
const killEveryMs = 2_000;
/** What a worker runs, and as many again as end within the time in which an end may be unrecorded. */
const unrecordedLimitMs = 500;
const doubledByKill = concurrency * Math.ceil(1 + unrecordedLimitMs / taskMs);
/** As many as the workers do in that time, so that every kill hits a busy one. */
const tasks = (3_000 * soakMs) / 20_000;

fault(2, "SIGKILL of a worker every two seconds, each replaced, loses nothing", async (scene) => {
  const crew = [...(await scene.startWorkers(workers, { concurrency }))];
  const producer = scene.startProgram("produce.ts", ["load.wait", String(tasks), String(taskMs)]);
  await scene.until("busy workers", (entries) => {
    const busy = new Set(entries.map(({ pid }) => pid));
    return crew.every(({ pid }) => busy.has(pid));
  });
  const ends: ProcessEnd[] = [];
  for (const endsAtMs = Date.now() + soakMs; Date.now() < endsAtMs;) {
    // The rhythm is part of the fault; nothing is waited for.
    await pause(killEveryMs);
    const victim = crew.shift()!;
    ends.push({ pid: victim.pid, atMs: victim.signal("SIGKILL") });
    crew.push(await scene.startWorker({ concurrency }));
  }
  expect(await producer.waitForEnd(60_000 * depth.patience)).toMatchObject({ code: 0 });
  await scene.untilSettled(60_000);
  const deadLetters = () => scene.client.queue("default").dead.list({ limit: 1_000 });
  const lostNow = async (): Promise<number> => {
    const endedElsewhere = new Set((await deadLetters()).map(({ taskId }) => taskId ?? ""));
    return judge(scene.entries, { ends, endedElsewhere }).lost.length;
  };
  // Not every broker tells what its workers still hold.
  await eventually(async () => (await lostNow()) === 0, { what: "the end of what is held", withinMs: 60_000 });
  const doneAtMs = Date.now();

  // Each kill may hit one task that is run alone because it was lost twice before; that one is terminal, too.
  const dead = await deadLetters();
  expect(dead.map(({ death }) => death?.reason)).toEqual(dead.map(() => "poison"));
  expect(dead.length, "dead letters").toBeLessThanOrEqual(ends.length);
  const endedElsewhere = new Set(dead.map(({ taskId }) => taskId ?? ""));

  const { entries } = scene;
  const verdict = judge(entries, { ends, endedElsewhere });
  expect(verdict).toMatchObject({ accepted: tasks, lost: [], overlapping: [], zombieWrites: 0 });
  expect(verdict.interrupted, "workers were killed while they ran something").toBeGreaterThan(0);
  recordFigures({
    row: 2,
    broker: scene.broker,
    fault: `one of three workers killed every 2 s for ${soakMs / 1_000} s`,
    ...figuresOf(verdict),
    poisoned: dead.length,
    interruptedLimit: ends.length * concurrency,
    doubledLimit: ends.length * doubledByKill,
    timings: [
      { name: "all done after the last kill", measuredMs: doneAtMs - ends.at(-1)!.atMs, limitMs: 2 * pace.leaseMs },
      { name: "end unrecorded", measuredMs: unrecordedMs(entries, ends), limitMs: unrecordedLimitMs },
    ],
  });
});
