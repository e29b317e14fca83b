import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const blockedMs = 3 * pace.leaseMs;

fault(
  4,
  "an event loop blocked for three leases loses none of them: the helper thread renews, and warns",
  async (scene) => {
    const worker = await scene.startWorker({ concurrency: 4, env: { LOVAGE_LOG_LEVEL: "debug" } });
    // The first delivery starts the thread.
    await scene.send("load.wait", [[1_500]]);
    await worker.waitForLog(/The thread that renews leases runs/u, 5 * pace.leaseMs);
    await scene.untilFinished(1);
    await scene.send("load.block", [[blockedMs]]);
    await scene.send("load.wait", [[1], [1]]);
    await scene.until("a blocked worker", (entries) => entries.filter(({ kind }) => kind === "started").length > 1);
    // Whoever could take the tasks over is there.
    await scene.startWorker();
    const [, warnedAtMs] = await worker.waitForLog(/"time":(\d+).*"msg":"event-loop-blocked"/u, 5 * pace.leaseMs);
    await scene.untilFinished(4);
    await scene.untilEmpty();

    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: 4, lost: [], doubled: 0 });
    expect(worker.log).toMatch(/"tasks":\["load\.block"/u);
    const blocked = runsOf(scene.entries)[1];
    recordFigures({
      row: 4,
      broker: scene.broker,
      fault: "an event loop blocked for 3 x L",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [{ name: "warning", measuredMs: Number(warnedAtMs) - blocked!.startedAtMs, limitMs: pace.leaseMs }],
    });
  },
  { needs: "renewalThread" },
);

fault(
  4,
  "without the helper thread the blocked tasks run elsewhere, once, and the late worker records nothing",
  async (scene) => {
    const worker = scene.startProgram("loop-renewal.ts", []);
    await worker.waitForLog(/Worker is ready/u, 30_000);
    await scene.send("load.block", [[blockedMs]]);
    await scene.until("a blocked worker", (entries) => entries.some(({ kind }) => kind === "started"));
    await scene.startWorker();
    await scene.until("two ends", (entries) => entries.filter(({ kind }) => kind === "finished").length === 2);
    await scene.untilEmpty();
    expect(judge(scene.entries)).toMatchObject({ accepted: 1, lost: [], doubled: 1 });
    await worker.waitForLog(/lease/u, 5_000);
  },
);
