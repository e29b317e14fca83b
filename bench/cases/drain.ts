import { makeJobs } from "../peers/make-jobs.ts";
import type { Store } from "../peers/peer.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { enqueueInBatches } from "./enqueue-in-batches.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

/** How fast workers empty a full queue: from the word to start until every job is acknowledged. */
export function drain(processes: number, stores: readonly Store[]): BenchCase {
  return {
    name: `drain-${processes}`,
    title: `Drain a full queue with ${processes} worker process${processes === 1 ? "" : "es"}, every job acknowledged`,
    headline: "perSecond",
    stores,
    async run(bench) {
      const { peer, producer, folder } = bench;
      const runs = new RunLog();
      const jobs = makeJobs(sizeFor(bench, { memory: 300_000, sqlite: 100_000, quick: 1_000 }));
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
