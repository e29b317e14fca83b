import { percentile } from "../figures/percentile.ts";
import { machineClockMs } from "../machine-clock.ts";
import { makeJobs } from "../peers/make-jobs.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const warmUp = 200;

/** How fast one caller enqueues that awaits every call. */
export const enqueueSingle: BenchCase = {
  name: "enqueue-single",
  title: "Enqueue one job at a time, each awaited",
  headline: "perSecond",
  stores: ["sqlite", "memory"],
  async run(bench) {
    const { producer } = bench;
    const jobs = makeJobs(sizeFor(bench, { memory: 50_000, sqlite: 3_000, quick: 50 }), warmUp);
    for (const job of makeJobs(warmUp)) await producer.enqueue(job);
    const tookUs: number[] = [];
    const seconds = await timed(async () => {
      for (const job of jobs) {
        const sentAtMs = machineClockMs();
        await producer.enqueue(job);
        tookUs.push((machineClockMs() - sentAtMs) * 1_000);
      }
    });
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds, p50Us: percentile(tookUs, 0.5), p99Us: percentile(tookUs, 0.99) };
  },
};
