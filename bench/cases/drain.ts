import { makeJobs } from "../peers/make-jobs.ts";
import type { Store } from "../peers/store.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { enqueueInBatches } from "./enqueue-in-batches.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const sizes = {
  quick: 1_000,
  full: 50_000,
  of: { memory: 300_000, sqlite: 200_000, redis: 150_000, postgres: 100_000, sqs: 3_000 },
};

/** Which drain. */
export interface DrainOptions {
  readonly name: string;
  readonly title: string;
  /** Worker processes. */
  readonly processes: number;
  readonly stores: readonly Store[];
}

/** How fast workers empty a full queue: from the word to start until every job is acknowledged. */
export function drain({ name, title, processes, stores }: DrainOptions): BenchCase {
  return {
    name,
    title,
    headline: "perSecond",
    isBetter: "more",
    stores,
    async run(bench) {
      const { peer, folder } = bench;
      const producer = await bench.openProducer();
      const runs = new RunLog();
      const jobs = makeJobs(sizeFor(bench, sizes));
      await enqueueInBatches(producer, jobs);
      const crew = await openCrew({ peer, folder, size: processes, telling: "count", runs });
      const seconds = await timed(async () => {
        await crew.start();
        await runs.reach(jobs.length);
        await crew.stop();
      });
      await checkDepth(producer, 0);
      if (runs.count !== jobs.length) throw new Error(`${runs.count} runs of ${jobs.length} jobs: some ran twice.`);
      return { perSecond: jobs.length / seconds };
    },
  };
}
