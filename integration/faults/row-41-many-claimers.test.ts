import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";

const workers = depth.of(50);
const many = depth.of(100_000);

fault(41, "processes that claim from one queue never have the same task", async (scene) => {
  const tasks = scene.bulk(many);
  await scene.startWorkers(workers);
  await scene.send(
    "load.pass",
    Array.from({ length: tasks }, () => []),
  );
  await scene.untilFinished(tasks, 100_000);
  await scene.untilEmpty();
  const verdict = judge(scene.entries);
  expect(verdict).toMatchObject({ accepted: tasks, lost: [], doubled: 0, overlapping: [] });
  const pids = new Set(runsOf(scene.entries).map(({ pid }) => pid));
  // With tasks as short as these a claim takes 500, two hundred in all: who gets them is chance (16 to 6,500 tasks for each process were seen).
  expect(pids.size, "processes that had a share").toBeGreaterThan(workers / 2);
  recordFigures({
    row: 41,
    broker: scene.broker,
    fault: `${workers} processes claim from one queue`,
    ...figuresOf(verdict),
    interruptedLimit: 0,
    timings: [],
  });
});
