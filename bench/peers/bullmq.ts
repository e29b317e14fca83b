import { Queue, QueueEvents, Worker, type JobsOptions } from "bullmq";
import { Redis } from "ioredis";
import { benchUrl } from "../servers/bench-url.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const queueName = "bench";
const callMs = 60_000;

/** How BullMQ is set up. */
export interface BullmqSetting {
  readonly concurrency: number;
  /** What is kept of jobs that are done. */
  readonly keeps: "all" | "none";
}

/** BullMQ with 100 jobs at once that are removed when they are done: what its documentation advises for speed. */
export const tunedBullmq: BullmqSetting = { concurrency: 100, keeps: "none" };

/** BullMQ as it comes: one job at a time, and all of them are kept. */
export const defaultBullmq: BullmqSetting = { concurrency: 1, keeps: "all" };

/** BullMQ on Redis. */
export function bullmq(setting: BullmqSetting): PeerProgram {
  return {
    openProducer: () => openProducer(setting),
    openWorker: (options) => openWorker(setting, options),
  };
}

/** Its workers insist on a client that repeats for ever. */
function connect(): Redis {
  return new Redis(benchUrl("redis"), { maxRetriesPerRequest: null });
}

async function openProducer({ keeps }: BullmqSetting): Promise<PeerProducer> {
  const connection = connect();
  const queue = new Queue<Job, number>(queueName, { connection });
  const eventsConnection = connect();
  const events = new QueueEvents(queueName, { connection: eventsConnection });
  // It listens once for each call.
  for (const emitter of [events, queue]) emitter.setMaxListeners(100);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const options: JobsOptions = keeps === "none" ? { removeOnComplete: true } : {};
  // A result that is removed at once cannot be waited for.
  const keptForCalls: JobsOptions = keeps === "none" ? { removeOnComplete: { count: 1_000 } } : {};
  return {
    enqueue: async (job) => void (await queue.add("job", job, options)),
    enqueueMany: async (jobs) => void (await queue.addBulk(jobs.map((data) => ({ name: "job", data, opts: options })))),
    schedule: async (jobs) => {
      const delayed = jobs.map(({ job, dueAtMs }) => {
        return { name: "job", data: job, opts: { ...options, delay: Math.max(0, dueAtMs - Date.now()) } };
      });
      await queue.addBulk(delayed);
    },
    call: async (data) => {
      const job = await queue.add("job", data, keptForCalls);
      return await job.waitUntilFinished(events, callMs);
    },
    depth: async () => {
      const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    close: async () => {
      await Promise.all([queue.close(), events.close()]);
      // What was given to it, it leaves open.
      connection.disconnect();
      eventsConnection.disconnect();
    },
  };
}

async function openWorker({ concurrency }: BullmqSetting, { onRun }: PeerWorkerOptions): Promise<PeerWorker> {
  const connection = connect();
  const worker = new Worker<Job, number>(
    queueName,
    async ({ data: { id } }) => {
      onRun(id);
      return await Promise.resolve(id);
    },
    { connection, concurrency, autorun: false },
  );
  await worker.waitUntilReady();
  return {
    start: async () => {
      // Runs until it is closed; what goes wrong in between is found by the jobs that do not run.
      void worker.run();
      return await Promise.resolve();
    },
    stop: async () => {
      await worker.close();
      connection.disconnect();
    },
  };
}
