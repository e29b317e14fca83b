import { makeJobs } from "../peers/make-jobs.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { inLanes } from "./in-lanes.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const lanes = 100;
const warmUp = 500;

/** How fast many callers of one process enqueue. */
export const enqueueConcurrent: BenchCase = {
  name: "enqueue-concurrent",
  title: `Enqueue with ${lanes} calls in flight`,
  headline: "perSecond",
  stores: ["sqlite", "memory"],
  async run(bench) {
    const { producer } = bench;
    const jobs = makeJobs(sizeFor(bench, { memory: 200_000, sqlite: 20_000, quick: 300 }), warmUp);
    await inLanes(makeJobs(warmUp), lanes, (job) => producer.enqueue(job));
    const seconds = await timed(() => inLanes(jobs, lanes, (job) => producer.enqueue(job)));
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds };
  },
};
