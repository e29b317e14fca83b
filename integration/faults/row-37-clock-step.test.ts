import { expect } from "vitest";
import { figuresOf, recordFigures, sound } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";
import { startBeat, tickMs, ticksOf, untilTicks } from "../scene/ticks.ts";

const stepMs = 600_000;
const workers = 2;
const concurrency = 8;
const running = workers * concurrency;
const waiting = 200;
const delayed = 20;

fault(
  37,
  "the broker's clock steps ten minutes ahead under running tasks: leases may end early, nothing is lost",
  async (scene) => {
    await scene.startWorkers(workers, { concurrency });
    await scene.send(
      "load.wait",
      Array.from({ length: running }, () => [2 * pace.leaseMs]),
    );
    await scene.until("full workers", (entries) => entries.filter(({ kind }) => kind === "started").length === running);
    await scene.send(
      "load.wait",
      Array.from({ length: waiting }, () => [1]),
    );
    const later = await scene.client.remote<(ms: number) => void>("load.wait").applyMany(
      Array.from({ length: delayed }, (): [number] => [1]),
      { countdown: 2 * stepMs },
    );
    const steppedAtMs = Date.now();
    scene.host.clock.set(stepMs);
    await scene.untilFinished(running + waiting);
    const doneAtMs = Date.now();
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: running + waiting, lost: [], zombieWrites: 0 });
    const ids = new Set(later.map(({ id }) => id));
    expect(
      runsOf(scene.entries).filter(({ taskId }) => ids.has(taskId)),
      "runs of what is due in twenty minutes",
    ).toEqual([]);
    recordFigures({
      row: 37,
      broker: scene.broker,
      fault: "the broker's clock 10 min ahead at once",
      ...figuresOf(verdict),
      interruptedLimit: running,
      // The leases of all that is held may end early, each once.
      doubledLimit: running + waiting,
      timings: [{ name: "all done", measuredMs: doneAtMs - steppedAtMs, limitMs: 5 * pace.leaseMs }],
    });
  },
  { needs: "settableClock", mostlyWaits: true },
);

fault(
  37,
  "the broker's clock steps ten minutes ahead under two beats: ticks go on, and none runs twice",
  async (scene) => {
    await scene.startWorker({ app: "beats.ts" });
    await Promise.all([startBeat(scene), startBeat(scene)]);
    await untilTicks(scene, 0, 3);
    const before = ticksOf(scene).length;
    const steppedAtMs = Date.now();
    scene.host.clock.set(stepMs);
    // Where results are elsewhere, in a file, beats go by this machine's clock, which nobody has set.
    await untilTicks(scene, steppedAtMs + (scene.keepsResults ? stepMs : 2 * tickMs), 5);
    const ticks = ticksOf(scene);
    const instants = ticks.map(({ instantMs }) => instantMs);
    expect(instants).toHaveLength(new Set(instants).size);
    // What was jumped over is made up for by one tick, as the schedule asks, not by twelve hundred.
    const spanMs = Date.now() - steppedAtMs;
    expect(ticks.length - before).toBeLessThanOrEqual(spanMs / tickMs + 5);
    recordFigures({
      row: 37,
      broker: scene.broker,
      fault: "the clock of two beats' store 10 min ahead at once",
      ...sound(ticks.length),
      timings: [{ name: "ticks again", measuredMs: spanMs, limitMs: 15_000 }],
    });
  },
  { needs: "settableClock", mostlyWaits: true },
);
