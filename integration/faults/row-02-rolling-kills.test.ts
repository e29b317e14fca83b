import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge, recoveryMs, unrecordedMs } from "../ledger/verdict.ts";
import type { ProcessEnd } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/scene.ts";

const workers = 3;
const concurrency = 8;
const taskMs = 40;
const soakMs = 20_000;
const killEveryMs = 2_000;
/** About half of what the workers could do in that time, so that there is always something, and it ends soon after. */
const tasks = 3_000;

fault(
  2,
  "SIGKILL of a worker every two seconds for twenty seconds, each replaced, loses nothing",
  async (scene) => {
    const crew = [...(await scene.startWorkers(workers, { concurrency }))];
    const producer = scene.startProgram("produce.ts", ["load.wait", String(tasks), String(taskMs)]);
    const ends: ProcessEnd[] = [];
    for (const endsAtMs = Date.now() + soakMs; Date.now() < endsAtMs;) {
      // The rhythm is part of the fault; nothing is waited for.
      await pause(killEveryMs);
      const victim = crew.shift()!;
      ends.push({ pid: victim.pid, atMs: victim.signal("SIGKILL") });
      crew.push(await scene.startWorker({ concurrency }));
    }
    expect(await producer.waitForEnd(60_000)).toMatchObject({ code: 0 });
    await scene.untilSettled(60_000);

    // Each kill may hit one task that is run alone because it was lost twice before; that one is terminal, too.
    const dead = await scene.client.queue("default").dead.list({ limit: 1_000 });
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
      fault: `a worker killed every 2 s, ${ends.length} in all`,
      ...figuresOf(verdict),
      poisoned: dead.length,
      interruptedLimit: ends.length * concurrency,
      timings: [
        { name: "recovery", measuredMs: recoveryMs(entries, ends)!, limitMs: pace.leaseMs + pace.sweepMs + 1_000 },
        { name: "end unrecorded", measuredMs: unrecordedMs(entries, ends), limitMs: 500 },
      ],
    });
  },
  { timeoutMs: 180_000 },
);
