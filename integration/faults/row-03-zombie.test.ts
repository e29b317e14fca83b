import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import type { Run } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { pace } from "../scene/pace.ts";

const concurrency = 8;
const waiting = 4;

/**
 * Stops a worker that runs eight tasks, and holds four that it has not begun, until another has run them all, and lets it go on: everything of it
 * comes too late.
 */
async function makeZombie(
  scene: Scene,
  send: () => Promise<unknown>,
): Promise<{ resumedAtMs: number; zombie: number }> {
  const zombie = await scene.startWorker({ concurrency, args: ["--prefetch", String(concurrency + waiting)] });
  await send();
  await scene.until("a full worker", (entries) => entries.filter(({ kind }) => kind === "started").length === 8);
  await scene.send(
    "load.pass",
    Array.from({ length: waiting }, () => []),
  );
  await eventually(async () => (await countsOf(scene.client)).ready === 0, {
    what: "all of them to be fetched",
    withinMs: 30_000,
  });
  const stoppedAtMs = zombie.signal("SIGSTOP");
  await scene.startWorker({ concurrency });
  await scene.untilFinished(concurrency + waiting);
  await scene.until("twice the lease", () => Date.now() - stoppedAtMs >= 2 * pace.leaseMs);
  return { resumedAtMs: zombie.signal("SIGCONT"), zombie: zombie.pid };
}

function runsBy(scene: Scene, pid: number): { readonly first: readonly Run[]; readonly second: readonly Run[] } {
  const { true: first = [], false: second = [] } = Object.groupBy(runsOf(scene.entries), (run) => `${run.pid === pid}`);
  return { first, second };
}

fault(
  3,
  "a worker stopped for twice its lease comes back to find its tasks run elsewhere, and writes nothing",
  async (scene) => {
    const { resumedAtMs, zombie } = await makeZombie(scene, () => {
      return scene.send(
        "load.obey",
        Array.from({ length: concurrency }, () => []),
      );
    });
    await scene.until("refused writes", (entries) => entries.filter(({ kind }) => kind === "refused").length === 8);

    const { first, second } = runsBy(scene, zombie);
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ lost: [], doubled: concurrency, zombieWrites: 0 });
    // What waited in its hands was not begun.
    expect(first).toHaveLength(concurrency);
    expect(first.map(({ aborted }) => aborted?.code)).toEqual(first.map(() => "LEASE_LOST"));
    expect(first.flatMap(({ refused }) => refused)).toEqual(first.map(() => "LEASE_LOST"));
    expect(second.map(({ count, refused }) => [count, ...refused])).toEqual(second.map(() => [2]));
    await scene.untilEmpty();
    recordFigures({
      row: 3,
      broker: scene.broker,
      fault: "a worker stopped for 2 x L",
      ...figuresOf(verdict),
      interruptedLimit: concurrency,
      timings: [
        {
          name: "signal aborted",
          measuredMs: Math.max(...first.map(({ aborted }) => aborted!.atMs - resumedAtMs)),
          limitMs: 1_000,
        },
      ],
    });
  },
  { mostlyWaits: true },
);

fault(
  3,
  "what a stopped worker's deaf tasks return is thrown away: the stored results are those of the second runs",
  async (scene) => {
    const { zombie } = await makeZombie(scene, () => {
      // Due while the worker stands still, so that they return in the moment in which it goes on.
      return scene.send(
        "load.hold",
        Array.from({ length: concurrency }, () => [pace.leaseMs, 1]),
      );
    });
    await scene.until("late ends", (entries) => {
      return entries.filter(({ kind, pid }) => kind === "finished" && pid === zombie).length === concurrency;
    });
    await scene.untilEmpty();

    const { first, second } = runsBy(scene, zombie);
    expect(first.map(({ wroteAtMs, refused }) => [wroteAtMs.length, ...refused])).toEqual(
      Array.from({ length: concurrency }, () => [0, "LEASE_LOST"]),
    );
    expect(judge(scene.entries)).toMatchObject({ lost: [], doubled: concurrency, zombieWrites: 0 });
    const rerun = second.filter(({ taskId }) => first.some((run) => run.taskId === taskId));
    const stored = await Promise.all(rerun.map(({ taskId }) => scene.client.result(taskId).get({ timeout: "5s" })));
    expect(stored).toEqual(rerun.map(({ token }) => token));
  },
  { mostlyWaits: true },
);
