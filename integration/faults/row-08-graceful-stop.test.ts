import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";

const tasks = 40;
const taskMs = 1_500;
const graceMs = 10_000;

fault(8, "SIGTERM under load lets running tasks end within the grace, and takes no other", async (scene) => {
  const [stopped] = await scene.startWorkers(2, { args: ["--grace", `${graceMs}ms`] });
  const { pid } = stopped!;
  await scene.send(
    "load.wait",
    Array.from({ length: tasks }, () => [taskMs]),
  );
  await scene.until("a busy worker", (entries) => {
    return entries.some((entry) => entry.kind === "finished" && entry.pid === pid);
  });
  const toldAtMs = stopped!.signal("SIGTERM");
  const exit = await stopped!.waitForEnd(5 * graceMs);
  await scene.untilFinished(tasks);
  await scene.untilEmpty();

  const verdict = judge(scene.entries);
  expect(exit).toMatchObject({ code: 0, signal: null });
  expect(verdict).toMatchObject({ accepted: tasks, lost: [], doubled: 0 });
  const heardAtMs = Number(/"time":(\d+)[^\n]*SIGTERM/u.exec(stopped!.log)?.[1]);
  expect(heardAtMs).not.toBeNaN();
  const late = runsOf(scene.entries).filter((run) => run.pid === pid && run.startedAtMs > heardAtMs);
  expect(
    late.map((run) => run.startedAtMs - heardAtMs),
    "started after the signal was heard",
  ).toEqual([]);
  recordFigures({
    row: 8,
    broker: scene.broker,
    fault: "SIGTERM, tasks shorter than the grace",
    ...figuresOf(verdict),
    interruptedLimit: 0,
    timings: [{ name: "exit", measuredMs: exit.atMs - toldAtMs, limitMs: taskMs + 500 }],
  });
});
