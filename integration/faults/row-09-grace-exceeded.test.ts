import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";

const concurrency = 8;
const graceMs = 2_000;
const deafMs = 60_000;

fault(
  9,
  "SIGTERM with tasks that outlast the grace hands them back uncharged, without waiting for their leases",
  async (scene) => {
    const stopped = await scene.startWorker({ concurrency, args: ["--grace", `${graceMs}ms`] });
    await scene.send(
      "load.hold",
      Array.from({ length: concurrency }, () => [deafMs, 1]),
    );
    await scene.until(
      "a full worker",
      (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
    );
    await scene.startWorker({ concurrency });
    const toldAtMs = stopped.signal("SIGTERM");
    const exit = await stopped.waitForEnd(30_000);
    await scene.untilFinished(concurrency);
    await scene.untilEmpty();

    const runs = runsOf(scene.entries);
    const first = runs.filter(({ pid }) => pid === stopped.pid);
    const second = runs.filter(({ pid }) => pid !== stopped.pid);
    const verdict = judge(scene.entries, { ends: [{ pid: stopped.pid, atMs: exit.atMs }] });
    expect(exit).toMatchObject({ signal: null });
    expect(first.map(({ aborted }) => aborted?.code)).toEqual(first.map(() => "WORKER_SHUTDOWN"));
    expect(
      second.map(({ count }) => count),
      "no loss was charged",
    ).toEqual(second.map(() => 1));
    expect(verdict).toMatchObject({ accepted: concurrency, lost: [], doubled: concurrency, zombieWrites: 0 });
    const abortedAtMs = Math.max(...first.map(({ aborted }) => aborted!.atMs));
    recordFigures({
      row: 9,
      broker: scene.broker,
      fault: "SIGTERM, tasks longer than the grace",
      ...figuresOf(verdict),
      interruptedLimit: concurrency,
      timings: [
        { name: "exit after the grace", measuredMs: exit.atMs - toldAtMs - graceMs, limitMs: 1_000 },
        {
          name: "restart after the abort",
          measuredMs: Math.max(...second.map(({ startedAtMs }) => startedAtMs)) - abortedAtMs,
          limitMs: 2_000,
        },
      ],
    });
  },
  { mostlyWaits: true },
);
