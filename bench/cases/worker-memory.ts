import { setTimeout as sleep } from "node:timers/promises";
import { makeJobs } from "../peers/make-jobs.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { BenchCase, Scale } from "./bench-case.ts";
import { sizeFor } from "./sizes.ts";

const hourMs = 3_600_000;
const restMs: Readonly<Record<Scale, number>> = { quick: 100, full: 10_000 };
const batchSize = 10_000;

/** What a worker takes that has nothing to do. */
export const workerMemory: BenchCase = {
  name: "worker-memory",
  title: "Memory and CPU of a worker process that has nothing to do, and with 100,000 delayed jobs",
  headline: "idleRssMb",
  isBetter: "less",
  stores: ["sqlite", "redis", "postgres", "rabbitmq"],
  needsBuild: (scale) => runsBuilt(scale),
  async run(bench) {
    const { peer, folder, scale } = bench;
    const producer = await bench.openProducer();
    const runs = new RunLog();
    const crew = await openCrew({ peer, folder, size: 1, telling: "count", runs, isBuilt: runsBuilt(scale) });
    await crew.start();
    await sleep(restMs[scale]);
    const before = await crew.usage();
    await sleep(restMs[scale]);
    const idle = await crew.usage();
    const jobs = makeJobs(sizeFor(bench, { quick: 200, full: 100_000 }));
    for (let from = 0; from < jobs.length; from += batchSize) {
      const batch = jobs.slice(from, from + batchSize);
      await producer.schedule(batch.map((job) => ({ job, dueAtMs: Date.now() + hourMs + job.id })));
    }
    await sleep(restMs[scale]);
    const delayed = await crew.usage();
    await crew.stop();
    return {
      idleRssMb: idle.rssMb,
      delayedRssMb: delayed.rssMb,
      idleCpuPercent: ((idle.cpuMs - before.cpuMs) / (idle.atMs - before.atMs)) * 100,
    };
  },
};

/** Nobody runs sources in production, and what strips their types takes some 20 MB. A quick run measures nothing. */
function runsBuilt(scale: Scale): boolean {
  return scale === "full";
}
