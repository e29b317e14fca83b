import { percentile } from "../figures/percentile.ts";
import { machineClockMs } from "../machine-clock.ts";
import { makeJobs } from "../peers/make-jobs.ts";
import type { Job, PeerProducer } from "../peers/peer.ts";
import { openCrew } from "../workers/open-crew.ts";
import { RunLog } from "../workers/run-log.ts";
import type { BenchCase } from "./bench-case.ts";
import { inLanes } from "./in-lanes.ts";
import { sizeFor } from "./sizes.ts";
import type { Sizes } from "./sizes.ts";
import { timed } from "./timed.ts";

const warmUps = { quick: 10, full: 50 };

/** Which round trip. */
export interface RoundtripOptions extends Pick<BenchCase, "headline" | "isBetter"> {
  /** Calls at the same time. */
  readonly lanes: number;
  readonly sizes: Sizes;
}

/** How long it takes to call a job and have its result. */
export function roundtrip({ lanes, headline, isBetter, sizes }: RoundtripOptions): BenchCase {
  return {
    name: `roundtrip-${lanes}`,
    title: `Call and wait for the result, ${lanes === 1 ? "one at a time" : `${lanes} in flight`}`,
    headline,
    isBetter,
    stores: ["sqlite", "memory", "redis", "postgres", "rabbitmq"],
    async run(bench) {
      const { peer, folder } = bench;
      const producer = await bench.openProducer();
      const crew = await openCrew({ peer, folder, size: 1, telling: "count", runs: new RunLog() });
      await crew.start();
      const warmUp = warmUps[bench.scale];
      await inLanes(makeJobs(warmUp), lanes, (job) => callOnce(producer, job));
      const tookMs: number[] = [];
      const jobs = makeJobs(sizeFor(bench, sizes), warmUp);
      const seconds = await timed(() =>
        inLanes(jobs, lanes, async (job) => tookMs.push(await callOnce(producer, job))),
      );
      await crew.stop();
      return {
        perSecond: jobs.length / seconds,
        p50Ms: percentile(tookMs, 0.5),
        p95Ms: percentile(tookMs, 0.95),
        p99Ms: percentile(tookMs, 0.99),
      };
    },
  };
}

/** How long one call took. @throws Error when its result is not its own */
async function callOnce(producer: PeerProducer, job: Job): Promise<number> {
  const sentAtMs = machineClockMs();
  const result = await producer.call(job);
  if (result !== job.id) throw new Error(`The result of job ${job.id} is ${result}.`);
  return machineClockMs() - sentAtMs;
}
