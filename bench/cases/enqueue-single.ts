import { percentile } from "../figures/percentile.ts";
import { machineClockMs } from "../machine-clock.ts";
import { makeJobs } from "../peers/make-jobs.ts";
import type { Job, PeerProducer } from "../peers/peer.ts";
import { storeNames } from "../peers/store.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { sizeFor } from "./sizes.ts";
import { timed } from "./timed.ts";

const sizes = {
  quick: 50,
  full: 3_000,
  of: { memory: 50_000, sqlite: 20_000, redis: 20_000, postgres: 10_000, sqs: 1_000 },
};
const warmUps = { quick: 20, full: 200, of: { memory: 2_000, sqlite: 2_000, redis: 2_000, postgres: 1_000 } };

/** How fast one caller enqueues that awaits every call. */
export const enqueueSingle: BenchCase = {
  name: "enqueue-single",
  title: "Enqueue one job at a time, each awaited",
  headline: "perSecond",
  isBetter: "more",
  stores: storeNames.filter((store) => store !== "rabbitmq-classic"),
  async run(bench) {
    const producer = await bench.openProducer();
    const warmUp = sizeFor(bench, warmUps);
    const jobs = makeJobs(sizeFor(bench, sizes), warmUp);
    await enqueueEach(producer, makeJobs(warmUp));
    let tookUs: readonly number[] = [];
    const seconds = await timed(async () => {
      tookUs = await enqueueEach(producer, jobs);
    });
    await checkDepth(producer, jobs.length + warmUp);
    return { perSecond: jobs.length / seconds, p50Us: percentile(tookUs, 0.5), p99Us: percentile(tookUs, 0.99) };
  },
};

async function enqueueEach(producer: PeerProducer, jobs: readonly Job[]): Promise<readonly number[]> {
  if (producer.enqueueEach !== undefined) return await producer.enqueueEach(jobs);
  const tookUs: number[] = [];
  for (const job of jobs) {
    const sentAtMs = machineClockMs();
    await producer.enqueue(job);
    tookUs.push((machineClockMs() - sentAtMs) * 1_000);
  }
  return tookUs;
}
