import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";
import type { Scene } from "../scene/scene.ts";

const concurrency = 4;
const prefetch = 8;
const calls = depth.of(1_000);
/** Long enough that a worker that is killed mostly runs something. */
const taskMs = 300;
/** Of `apps/limited.ts`: ten a second, one after the other. */
const turnMs = 100;
/** Clocks tell whole milliseconds, and the store's may be another than the worker's. */
const toleranceMs = 50;

/** When each call was first started, in order. */
function firstStarts(scene: Scene): readonly number[] {
  const runs = Map.groupBy(runsOf(scene.entries), ({ taskId }) => taskId);
  return [...runs.values()].map((own) => own[0]!.startedAtMs).toSorted((a, b) => a - b);
}

/** The most that were started within a second. */
function mostInASecond(starts: readonly number[]): number {
  return Math.max(...starts.map((fromMs) => starts.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1_000).length));
}

fault(
  42,
  "a limit of ten a second holds over two workers, of which one is killed, and no turn is lost with it",
  async (scene) => {
    const start = { app: "limited.ts", concurrency, args: ["--prefetch", String(prefetch)] };
    const [victim] = await scene.startWorkers(2, start);
    const sentAtMs = Date.now();
    await scene.send(
      "limited.wait",
      Array.from({ length: calls }, () => [taskMs]),
    );
    // All have been given their turns by then.
    await scene.untilFinished(calls / 2);
    const ends = [{ pid: victim!.pid, atMs: victim!.signal("SIGKILL") }];
    const left = calls - firstStarts(scene).length;
    await scene.untilFinished(calls, 120_000);
    const doneAtMs = Date.now();
    await scene.untilEmpty();

    const starts = firstStarts(scene);
    const verdict = judge(scene.entries, { ends });
    expect(verdict).toMatchObject({ accepted: calls, lost: [], zombieWrites: 0 });
    // The first may start at once, and each other a turn later. Held against the first and not against the one before: a call that comes late, from a
    // broker that looks each second or a worker that was killed, may be followed by the next at once.
    const early = starts.filter((atMs, index) => atMs - sentAtMs < index * turnMs - toleranceMs);
    expect(early, "starts before their turn").toEqual([]);
    recordFigures({
      row: 42,
      broker: scene.broker,
      fault: `ten a second over two workers, of which one is killed; at most ${mostInASecond(starts)} within a second`,
      ...figuresOf(verdict),
      interruptedLimit: concurrency,
      doubledLimit: concurrency + prefetch,
      timings: [
        {
          name: "all done after the kill",
          measuredMs: doneAtMs - ends[0]!.atMs,
          limitMs: left * turnMs + pace.leaseMs + pace.sweepMs + 1_100 + taskMs,
        },
      ],
    });
  },
  { mostlyWaits: true },
);
