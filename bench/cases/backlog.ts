import { makeJobs } from "../peers/make-jobs.ts";
import type { PeerProducer } from "../peers/peer.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { Bench, BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { enqueueInBatches } from "./enqueue-in-batches.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const windows = { quick: 500, full: 100_000, of: { rabbitmq: 50_000 } };
const backlogs = { quick: 2_000, full: 500_000 };

/** Whether a long queue is worked off as fast as a short one. */
export const backlog: BenchCase = {
  name: "backlog",
  title: "Drain with 500,000 jobs waiting behind, against none",
  headline: "kept",
  isBetter: "more",
  stores: ["sqlite", "redis", "postgres", "rabbitmq"],
  async run(bench) {
    const producer = await bench.openProducer();
    const window = sizeFor(bench, windows);
    const alone = await drainWindow(bench, producer, { window, behind: 0 });
    const before = await drainWindow(bench, producer, { window, behind: sizeFor(bench, backlogs) });
    return { kept: before / alone, alonePerSecond: alone, beforeBacklogPerSecond: before };
  },
};

interface Window {
  /** Jobs that are timed. */
  readonly window: number;
  /** Jobs that wait behind them. */
  readonly behind: number;
}

/** How many jobs a second begin at the head of a queue. */
async function drainWindow(
  { peer, folder }: Bench,
  producer: PeerProducer,
  { window, behind }: Window,
): Promise<number> {
  await enqueueInBatches(producer, makeJobs(window + behind));
  const runs = new RunLog();
  const crew = await openCrew({ peer, folder, size: 1, telling: "count", runs });
  const seconds = await timed(async () => {
    await crew.start();
    await runs.reach(window);
  });
  await crew.stop();
  await checkDepth(producer, window + behind - runs.count);
  return window / seconds;
}
