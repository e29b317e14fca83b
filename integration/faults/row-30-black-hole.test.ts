import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { bothWays } from "../network/fault.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const concurrency = 8;
const holeMs = 2 * pace.leaseMs;

fault(
  30,
  "a worker behind a black hole gives its tasks up when their leases end, and writes nothing afterwards",
  async (scene) => {
    const proxy = await scene.host.openProxy();
    const cutOff = await scene.startWorker({ concurrency, behind: proxy });
    const results = await scene.send(
      "load.obey",
      Array.from({ length: concurrency }, () => []),
    );
    await scene.until(
      "a full worker",
      (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
    );
    await scene.startWorker({ concurrency });
    const atMs = Date.now();
    proxy.set(bothWays({ isBlackHole: true }));
    await scene.untilFinished(concurrency);
    await scene.until(
      "aborted signals",
      (entries) => entries.filter(({ kind }) => kind === "aborted").length === concurrency,
    );
    await pause(Math.max(0, atMs + holeMs - Date.now()));
    proxy.heal();
    // Where results are kept elsewhere the hole does not keep the worker from them: until a second run has stored something it may tell of its progress.
    const late = new Set(scene.keepsResults ? ["refused"] : ["refused", "wrote"]);
    await scene.until("the end of late writes", (entries) => {
      return entries.filter(({ kind, pid }) => late.has(kind) && pid === cutOff.pid).length === concurrency;
    });
    await scene.untilEmpty();

    const runs = runsOf(scene.entries);
    // The cut-off worker may be the one that runs some of them again, once it is back.
    const first = runs.filter((run) => runs.find(({ taskId }) => taskId === run.taskId) === run);
    const second = runs.filter((run) => !first.includes(run));
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: concurrency, lost: [], doubled: concurrency });
    if (scene.keepsResults) expect(verdict.zombieWrites).toBe(0);
    expect(first.map(({ aborted }) => aborted?.code)).toEqual(first.map(() => "LEASE_LOST"));
    expect(cutOff.exit, "the worker lives").toBeUndefined();
    const stored = await Promise.all(results.map((result) => result.get({ timeout: "5s" })));
    expect(new Set(stored), "the results of the second runs").toEqual(new Set(second.map(({ token }) => token)));
    const recoveryMs = Math.max(...second.map(({ startedAtMs }) => startedAtMs - atMs));
    const abortedMs = Math.max(...first.map(({ aborted }) => aborted!.atMs - atMs));
    recordFigures({
      row: 30,
      broker: scene.broker,
      fault: "a black hole before one worker for 2 x L",
      ...figuresOf(verdict),
      interruptedLimit: concurrency,
      timings: [
        { name: "recovery", measuredMs: recoveryMs, limitMs: pace.leaseMs + pace.sweepMs + 1_000 },
        { name: "signal aborted", measuredMs: abortedMs, limitMs: pace.leaseMs },
      ],
    });
  },
  { mostlyWaits: true },
);
