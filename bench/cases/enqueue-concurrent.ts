import { makeJobs } from "../peers/make-jobs.ts";
import type { Job, PeerProducer } from "../peers/peer.ts";
import { storeNames } from "../peers/store.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { inLanes } from "./in-lanes.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const lanes = 100;
const sizes = { quick: 300, full: 20_000, of: { memory: 200_000, sqlite: 60_000, redis: 200_000, sqs: 3_000 } };
const warmUps = { quick: 100, full: 500, of: { memory: 20_000, sqlite: 5_000, redis: 20_000 } };

/** How fast many callers of one process enqueue. */
export const enqueueConcurrent: BenchCase = {
  name: "enqueue-concurrent",
  title: `Enqueue with ${lanes} calls in flight`,
  headline: "perSecond",
  isBetter: "more",
  stores: storeNames,
  async run(bench) {
    const producer = await bench.openProducer();
    const warmUp = sizeFor(bench, warmUps);
    const jobs = makeJobs(sizeFor(bench, sizes), warmUp);
    await enqueueAll(producer, makeJobs(warmUp));
    const seconds = await timed(() => enqueueAll(producer, jobs));
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds };
  },
};

async function enqueueAll(producer: PeerProducer, jobs: readonly Job[]): Promise<void> {
  if (producer.enqueueInLanes !== undefined) await producer.enqueueInLanes(jobs, lanes);
  else await inLanes(jobs, lanes, (job) => producer.enqueue(job));
}
