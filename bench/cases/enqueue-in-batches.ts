import type { Job, PeerProducer } from "../peers/peer.ts";

const batchSize = 1_000;

/** Enqueues jobs in batches of a thousand. */
export async function enqueueInBatches(producer: PeerProducer, jobs: readonly Job[]): Promise<void> {
  for (let from = 0; from < jobs.length; from += batchSize) {
    await producer.enqueueMany(jobs.slice(from, from + batchSize));
  }
}
