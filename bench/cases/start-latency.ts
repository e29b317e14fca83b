import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../figures/percentile.ts";
import { machineClockMs } from "../machine-clock.ts";
import { makeJobs } from "../peers/make-jobs.ts";
import { storeNames } from "../peers/store.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { sizeFor } from "./sizes.ts";

const warmUps = { quick: 5, full: 20 };
const longestGapMs = 10;

/** How long a job waits on an idle queue, from the call to the first line of its function. */
export const startLatency: BenchCase = {
  name: "start-latency",
  title: "Wait on an idle queue, from the call to the start of the job",
  headline: "p50Ms",
  isBetter: "less",
  stores: storeNames.filter((store) => store !== "rabbitmq-classic"),
  async run(bench) {
    const { peer, folder } = bench;
    const producer = await bench.openProducer();
    const runs = new RunLog();
    const crew = await openCrew({ peer, folder, size: 1, telling: "each", runs });
    await crew.start();
    const waitedMs: number[] = [];
    const warmUp = warmUps[bench.scale];
    const count = warmUp + sizeFor(bench, { quick: 10, full: 500 });
    for (const job of makeJobs(count)) {
      // Uneven, so that samples do not fall in step with what polls.
      await sleep(1 + ((job.id * 7) % longestGapMs));
      const sentAtMs = machineClockMs();
      await (producer.enqueueToSleeper?.(job) ?? producer.enqueue(job));
      await runs.reach(job.id + 1);
      if (job.id >= warmUp) waitedMs.push(runs.startedAtMs(job.id) - sentAtMs);
    }
    await crew.stop();
    await checkDepth(producer, 0);
    return {
      p50Ms: percentile(waitedMs, 0.5),
      p95Ms: percentile(waitedMs, 0.95),
      p99Ms: percentile(waitedMs, 0.99),
    };
  },
};
