import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge, recoveryMs, unrecordedMs } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const tasks = 1_000;
const taskMs = 40;
const concurrency = 8;

fault(1, "SIGKILL of one of four workers loses nothing, and what it ran begins again", async (scene) => {
  const workers = await scene.startWorkers(4, { concurrency });
  const victim = workers[0]!;
  const producer = scene.startProgram("produce.ts", ["load.wait", String(tasks), String(taskMs)]);
  await scene.until("a busy victim", (entries) => entries.filter(({ pid }) => pid === victim.pid).length > 100);
  const ends = [{ pid: victim.pid, atMs: victim.signal("SIGKILL") }];
  expect(await producer.waitForEnd(60_000)).toMatchObject({ code: 0 });
  await scene.untilFinished(tasks);

  const { entries } = scene;
  const verdict = judge(entries, { ends });
  const recovery = recoveryMs(entries, ends);
  expect(verdict).toMatchObject({ accepted: tasks, lost: [], overlapping: [] });
  expect(recovery, "the victim was killed while it ran something").toBeDefined();
  const counts = runsOf(entries).map(({ count }) => count);
  expect(new Set(counts), "what the victim held comes again, its loss counted").toEqual(new Set([1, 2]));
  await scene.untilEmpty();
  recordFigures({
    row: 1,
    broker: scene.broker,
    fault: "one of four workers killed",
    ...figuresOf(verdict),
    interruptedLimit: concurrency,
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
