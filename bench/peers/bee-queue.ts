import BeeQueue from "bee-queue";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const queueName = "bench";
const concurrency = 100;
const closeMs = 30_000;
const lean = {
  storeJobs: false,
  getEvents: false,
  sendEvents: false,
  removeOnSuccess: true,
  activateDelayedJobs: true,
};

/** bee-queue with 100 jobs at once, and without the events and lists that cost it speed. */
export function beeQueue(): PeerProgram {
  return {
    openProducer: async () => producerOf(await open(false)),
    openWorker: async (options) => workerOf(await open(true), options),
  };
}

async function open(isWorker: boolean): Promise<BeeQueue<Job>> {
  const { hostname, port } = new URL(benchUrl("redis"));
  const queue = new BeeQueue<Job>(queueName, { ...lean, isWorker, redis: { host: hostname, port: Number(port) } });
  return await queue.ready();
}

function producerOf(queue: BeeQueue<Job>): PeerProducer {
  return {
    enqueue: async (job) => void (await queue.createJob(job).save()),
    enqueueMany: async (jobs) => void (await queue.saveAll(jobs.map((job) => queue.createJob(job)))),
    schedule: async (jobs) =>
      void (await queue.saveAll(jobs.map(({ job, dueAtMs }) => queue.createJob(job).delayUntil(dueAtMs)))),
    call: notAsked("bee-queue"),
    depth: async () => {
      const { waiting, active, delayed } = await queue.checkHealth();
      return waiting + active + delayed;
    },
    close: () => queue.close(closeMs),
  };
}

function workerOf(queue: BeeQueue<Job>, { onRun }: PeerWorkerOptions): PeerWorker {
  return {
    start: async () => {
      queue.process(concurrency, async ({ data: { id } }) => {
        onRun(id);
        return await Promise.resolve(id);
      });
      return await Promise.resolve();
    },
    stop: () => queue.close(closeMs),
  };
}
