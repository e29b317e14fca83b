import { makeJobs } from "../peers/make-jobs.ts";
import { storedBytesOf } from "../servers/stored-bytes.ts";
import type { BenchCase } from "./bench-case.ts";
import { checkDepth } from "./check-depth.ts";
import { sizeFor } from "./sizes.ts";

const hourMs = 3_600_000;
const batchSize = 10_000;

/** What a delayed job takes in its store. */
export const storedBytes: BenchCase = {
  name: "stored-bytes",
  title: "Bytes in the store for each delayed job",
  headline: "bytes",
  isBetter: "less",
  stores: ["sqlite", "redis", "postgres"],
  async run(bench) {
    const { peer, folder } = bench;
    const producer = await bench.openProducer();
    const jobs = makeJobs(sizeFor(bench, { quick: 500, full: 100_000 }));
    const before = await storedBytesOf(peer.store, folder);
    for (let from = 0; from < jobs.length; from += batchSize) {
      const batch = jobs.slice(from, from + batchSize);
      await producer.schedule(batch.map((job) => ({ job, dueAtMs: Date.now() + hourMs + job.id })));
    }
    await checkDepth(producer, jobs.length);
    return { bytes: ((await storedBytesOf(peer.store, folder)) - before) / jobs.length };
  },
};
