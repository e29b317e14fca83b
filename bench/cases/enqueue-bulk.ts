import { makeJobs } from "../peers/make-jobs.ts";
import { storeNames } from "../peers/store.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { enqueueInBatches } from "./enqueue-in-batches.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const sizes = {
  quick: 1_000,
  full: 100_000,
  of: { memory: 300_000, sqlite: 300_000, redis: 300_000, postgres: 200_000, rabbitmq: 30_000, sqs: 5_000 },
};
const warmUps = { quick: 1_000, full: 2_000 };

/** How fast jobs are enqueued in batches. */
export const enqueueBulk: BenchCase = {
  name: "enqueue-bulk",
  title: "Enqueue in batches of 1,000",
  headline: "perSecond",
  isBetter: "more",
  stores: storeNames.filter((store) => store !== "rabbitmq-classic"),
  async run(bench) {
    const producer = await bench.openProducer();
    const warmUp = warmUps[bench.scale];
    const jobs = makeJobs(sizeFor(bench, sizes), warmUp);
    await enqueueInBatches(producer, makeJobs(warmUp));
    const seconds = await timed(() => enqueueInBatches(producer, jobs));
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds };
  },
};
