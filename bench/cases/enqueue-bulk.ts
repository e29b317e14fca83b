import { makeJobs } from "../peers/make-jobs.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { enqueueInBatches } from "./enqueue-in-batches.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const warmUp = 2_000;

/** How fast jobs are enqueued in batches. */
export const enqueueBulk: BenchCase = {
  name: "enqueue-bulk",
  title: "Enqueue in batches of 1,000",
  headline: "perSecond",
  stores: ["sqlite", "memory"],
  async run(bench) {
    const { producer } = bench;
    const jobs = makeJobs(sizeFor(bench, { memory: 300_000, sqlite: 100_000, quick: 2_000 }), warmUp);
    await enqueueInBatches(producer, makeJobs(warmUp));
    const seconds = await timed(() => enqueueInBatches(producer, jobs));
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds };
  },
};
