import { percentile } from "../figures/percentile.ts";
import { wallClockOffsetMs } from "../machine-clock.ts";
import { makeJobs } from "../peers/make-jobs.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { Bench, BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { sizeFor } from "./sizes.ts";

const perSecond = 2_000;

/** How late jobs run that are due at an instant: 10,000 of them, over 5 s. */
export const schedule: BenchCase = {
  name: "schedule",
  title: "10,000 jobs that are due over 5 s: how late they start",
  headline: "p99Ms",
  isBetter: "less",
  stores: ["sqlite", "memory", "redis", "postgres", "rabbitmq"],
  async run(bench) {
    const { peer, folder } = bench;
    const producer = await bench.openProducer();
    const runs = new RunLog();
    const jobs = makeJobs(sizeFor(bench, { quick: 100, full: 10_000 }));
    const crew = await openCrew({ peer, folder, size: 1, telling: "each", runs });
    // All are sent before the first is due.
    const offsetMs = wallClockOffsetMs();
    const firstAtMs = Date.now() + leadMs(bench);
    const dueAtMs = (id: number): number => firstAtMs + Math.floor((id * 1_000) / perSecond);
    await producer.schedule(jobs.map((job) => ({ job, dueAtMs: dueAtMs(job.id) })));
    await crew.start();
    // A quick run measures nothing, and may be late on a busy machine.
    if (bench.scale === "full" && Date.now() > firstAtMs)
      throw new Error("Sending took so long that the first jobs were due before the last was sent.");
    await runs.reach(jobs.length);
    await crew.stop();
    await checkDepth(producer, 0);
    const lateMs = jobs.map(({ id }) => runs.startedAtMs(id) + offsetMs - dueAtMs(id));
    return {
      p50Ms: percentile(lateMs, 0.5),
      p95Ms: percentile(lateMs, 0.95),
      p99Ms: percentile(lateMs, 0.99),
      maxMs: Math.max(...lateMs),
      early: lateMs.filter((late) => late < -1).length,
    };
  },
};

function leadMs({ scale }: Bench): number {
  return scale === "quick" ? 1_000 : 10_000;
}
