import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";

const tasks = 20;

fault(
  17,
  "a broker that comes back empty gets what it needs again, and new tasks run",
  async (scene) => {
    const worker = await scene.startWorker();
    await scene.send("load.pass", [[]]);
    await scene.untilFinished(1);
    await scene.untilEmpty();
    const backAtMs = await scene.host.empty();
    const results = await scene.send(
      "load.pass",
      Array.from({ length: tasks }, () => []),
    );
    await Promise.all(results.map((result) => result.get({ timeout: "30s" })));
    const doneMs = Date.now() - backAtMs;
    expect(worker.exit).toBeUndefined();
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: tasks + 1, lost: [], doubled: 0 });
    recordFigures({
      row: 17,
      broker: scene.broker,
      fault: "the broker restarted empty",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [{ name: "new tasks done", measuredMs: doneMs, limitMs: 5_000 }],
    });
  },
  { needs: "ownServer" },
);
