import { join, basename } from "node:path";
import { silentLog } from "@lovage/foundation";
import { createApp } from "lovage";
import type { App, Task } from "lovage";
import type { Job, Peer, PeerProducer, PeerWorker, PeerWorkerOptions, Store } from "./peer.ts";

const queue = "default";
const resultTimeout = "60s";

/** Lovage with its defaults: durable publishing, leases, late acknowledgement. */
export function lovage(store: Store): Peer {
  const inProcess = store === "memory";
  const open = (folder: string, onRun: (id: number) => void): BenchApp => {
    const url = inProcess ? `memory://${basename(folder)}` : `sqlite:${join(folder, "lovage.db")}`;
    return openApp(url, onRun);
  };
  return {
    name: `lovage-${store}`,
    store,
    workers: inProcess ? "in-process" : "processes",
    isLimit: false,
    openProducer: async (folder) => {
      const bench = open(folder, () => {});
      // The queue exists, and what is in memory has a keeper, before anything is measured.
      await bench.app.queue(queue).stats();
      return producerOf(bench);
    },
    openWorker: async ({ folder, onRun }: PeerWorkerOptions) => {
      const { app } = open(folder, onRun);
      await app.queue(queue).stats();
      // As the `lovage worker` command does; renewal from a thread would not reach a broker in memory.
      return workerOf(app, inProcess ? "loop" : "thread");
    },
  };
}

interface BenchApp {
  readonly app: App;
  readonly note: Task<(job: Job) => void>;
  readonly echo: Task<(job: Job) => number>;
}

function openApp(url: string, onRun: (id: number) => void): BenchApp {
  const app = createApp({ name: "bench", broker: url, backend: url, log: silentLog });
  const note = app.task("bench.note", { ignoreResult: true }, (job: Job): void => onRun(job.id));
  const echo = app.task("bench.echo", (job: Job): number => {
    onRun(job.id);
    return job.id;
  });
  return { app, note, echo };
}

function producerOf({ app, note, echo }: BenchApp): PeerProducer {
  return {
    enqueue: async (job) => void (await note.delay(job)),
    enqueueMany: async (jobs) => void (await note.applyMany(jobs.map((job): [Job] => [job]))),
    schedule: async (jobs) =>
      void (await Promise.all(jobs.map(({ job, dueAtMs }) => note.applyAsync([job], { eta: new Date(dueAtMs) })))),
    call: async (job) => await (await echo.delay(job)).get({ timeout: resultTimeout }),
    depth: async () => {
      const { ready, delayed = 0, unsettled = 0 } = await app.queue(queue).stats();
      return ready + delayed + unsettled;
    },
    close: () => app.close(),
  };
}

function workerOf(app: App, renewal: "loop" | "thread"): PeerWorker {
  const worker = app.worker({ queues: [queue], renewal });
  return {
    start: () => worker.start(),
    stop: async () => {
      await worker.stop();
      await app.close();
    },
  };
}
