import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import type { LedgerEntry } from "../ledger/ledger-entry.ts";
import { runsOf, type Run } from "../ledger/run-history.ts";
import { judge, recoveryMs, unrecordedMs } from "../ledger/verdict.ts";
import type { Child } from "../processes/child.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";
import type { Scene } from "../scene/scene.ts";

const tasks = depth.of(10_000);
const taskMs = 40;
const concurrency = 8;
/** A worker that sizes its prefetch itself holds about a second of work. */
const held = (2 * 1_000 * concurrency) / taskMs;

/** Kills a worker in the midst of something: stopped first, since what it runs may have ended by the time that the ledger is read. */
async function killAtWork(scene: Scene, victim: Child): Promise<number> {
  const isOwn = ({ pid }: LedgerEntry): boolean => pid === victim.pid;
  await scene.until("a victim at work", (entries) => {
    if (entries.filter(isOwn).length <= 100) return false;
    victim.signal("SIGSTOP");
    if (runsOf(scene.entries.filter(isOwn)).some(({ finishedAtMs }) => finishedAtMs === undefined)) return true;
    victim.signal("SIGCONT");
    return false;
  });
  return victim.signal("SIGKILL");
}

/** What a killed worker ran and did not end comes again, its loss counted: the runs for which that is not so. */
function uncounted(entries: readonly LedgerEntry[], victim: Child): readonly Run[] {
  const runs = runsOf(entries);
  const cutOff = runs.filter(({ pid, finishedAtMs }) => pid === victim.pid && finishedAtMs === undefined);
  return cutOff.filter(({ taskId, count }) => !runs.some((run) => run.taskId === taskId && run.count > count));
}

fault(1, "SIGKILL of one of four workers loses nothing, and what it ran begins again", async (scene) => {
  const workers = await scene.startWorkers(4, { concurrency });
  const victim = workers[0]!;
  const producer = scene.startProgram("produce.ts", ["load.wait", String(tasks), String(taskMs)]);
  const ends = [{ pid: victim.pid, atMs: await killAtWork(scene, victim) }];
  expect(await producer.waitForEnd(60_000 * depth.patience)).toMatchObject({ code: 0 });
  await scene.untilFinished(tasks);

  const { entries } = scene;
  const verdict = judge(entries, { ends });
  const recovery = recoveryMs(entries, ends);
  expect(verdict).toMatchObject({ accepted: tasks, lost: [], overlapping: [] });
  expect(recovery, "the victim was killed while it ran something").toBeDefined();
  expect(uncounted(entries, victim), "runs that the victim did not end, and whose loss was not counted").toEqual([]);
  await scene.untilEmpty();
  recordFigures({
    row: 1,
    broker: scene.broker,
    fault: "one of four workers killed",
    ...figuresOf(verdict),
    interruptedLimit: concurrency,
    doubledLimit: held,
    timings: [
      { name: "recovery", measuredMs: recovery!, limitMs: pace.leaseMs + pace.sweepMs + 1_000 },
      { name: "end unrecorded", measuredMs: unrecordedMs(entries, ends), limitMs: 500 },
    ],
  });
});

fault(1, "the oracle sees a loss: what was acknowledged early is gone with its worker", async (scene) => {
  const victim = await scene.startWorker({ concurrency, env: { FAULTS_ACK: "early" } });
  await scene.send(
    "load.wait",
    Array.from({ length: concurrency }, () => [60_000]),
  );
  await scene.until(
    "a full worker",
    (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
  );
  const ends = [{ pid: victim.pid, atMs: victim.signal("SIGKILL") }];
  await victim.ended;
  await scene.startWorker({ concurrency });
  await scene.untilEmpty();
  expect(judge(scene.entries, { ends }).lost).toHaveLength(concurrency);
});
