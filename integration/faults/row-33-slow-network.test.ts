import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { bothWays } from "../network/fault.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";

const tasks = depth.of(10_000);
const workers = 2;
const concurrency = 8;
const taskMs = 50;
/** What the workers would need if nothing lay between them and the broker. */
const modelMs = (tasks * taskMs) / (workers * concurrency);

fault(
  33,
  "a slow and unsteady network loses nothing, doubles nothing and costs at most half of the throughput",
  async (scene) => {
    const proxy = await scene.host.openProxy();
    await scene.startWorkers(workers, { concurrency, behind: proxy });
    // There and back 500 ms, more or less 300. A lost packet is to a TCP connection a delay.
    proxy.set(bothWays({ latencyMs: 100, jitterMs: 300 }));
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [taskMs]),
    );
    await scene.untilFinished(tasks, 110_000);
    await scene.untilEmpty();
    const { entries } = scene;
    const startedMs = Math.min(...entries.filter(({ kind }) => kind === "started").map(({ atMs }) => atMs));
    const endedMs = Math.max(...entries.filter(({ kind }) => kind === "finished").map(({ atMs }) => atMs));
    const verdict = judge(entries);
    expect(verdict).toMatchObject({ accepted: tasks, lost: [], doubled: 0 });
    recordFigures({
      row: 33,
      broker: scene.broker,
      fault: "500 ms of latency, more or less 300",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [{ name: "all done", measuredMs: endedMs - startedMs, limitMs: 2 * modelMs }],
    });
  },
);
