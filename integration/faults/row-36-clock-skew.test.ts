import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const hourMs = 3_600_000;
const countdownMs = 2_000;
const long = 8;
const delayed = 20;

for (const [name, skewMs] of [
  ["ahead", hourMs],
  ["behind", -hourMs],
] as const) {
  fault(
    36,
    `a worker whose clock is an hour ${name} starts nothing early and loses no lease`,
    async (scene) => {
      const env = { FAULTS_SKEW_MS: String(skewMs) };
      await scene.startWorker({ app: "skewed.ts", env });
      await scene.startWorker();
      const remote = scene.client.remote<(ms: number) => void>("load.wait");
      // Longer than a lease: whoever judged leases by the wrong clock would run these twice, or not renew them.
      await scene.send(
        "load.wait",
        Array.from({ length: long }, () => [1.5 * pace.leaseMs]),
      );
      const sentAtMs = Date.now();
      const later = await remote.applyMany(
        Array.from({ length: delayed }, (): [number] => [1]),
        { countdown: countdownMs },
      );
      await Promise.all(later.map((result) => result.get({ timeout: "30s" })));
      await scene.untilFinished(long + delayed);
      await scene.untilEmpty();
      const verdict = judge(scene.entries);
      expect(verdict).toMatchObject({ lost: [], doubled: 0 });
      const ids = new Set(later.map(({ id }) => id));
      const starts = runsOf(scene.entries)
        .filter(({ taskId }) => ids.has(taskId))
        .map((run) => run.startedAtMs - sentAtMs);
      expect(Math.min(...starts), "ms until the first").toBeGreaterThanOrEqual(countdownMs - 50);
      recordFigures({
        row: 36,
        broker: scene.broker,
        fault: `a worker's clock an hour ${name}`,
        ...figuresOf({ ...verdict, accepted: long + delayed }),
        interruptedLimit: 0,
        timings: [
          { name: "delayed call late", measuredMs: Math.max(0, Math.max(...starts) - countdownMs), limitMs: 1_100 },
        ],
      });
    },
    { mostlyWaits: true },
  );
}

fault(
  36,
  "a worker whose clock is an hour ahead runs what expires before that, and says that its clock is wrong",
  async (scene) => {
    const worker = await scene.startWorker({ app: "skewed.ts", env: { FAULTS_SKEW_MS: String(hourMs) } });
    const call = scene.client.remote<(ms: number) => void>("load.wait");
    const soon = await call.applyAsync([1], { expires: "10m" });
    await soon.get({ timeout: "30s" });
    expect(worker.log).toContain("clock is 1h ahead of the server's");
    await scene.untilFinished(1);
  },
  { needs: "clock" },
);
