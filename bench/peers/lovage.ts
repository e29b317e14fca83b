import { join, basename } from "node:path";
import { silentLog } from "@lovage/foundation";
import { createApp } from "lovage";
import type { App, Task } from "lovage";
import { benchUrl } from "../servers/bench-url.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";
import type { Store } from "./store.ts";

const queue = "default";
const resultTimeout = "60s";

/** Where messages are, and where results are: beside them, or in no place. */
interface Places {
  readonly broker: string;
  readonly backend?: string;
}

const placesOf: Readonly<Record<Store, (folder: string) => Places>> = {
  memory: (folder) => both(`memory://${basename(folder)}`),
  sqlite: (folder) => both(`sqlite:${join(folder, "lovage.db")}`),
  redis: () => both(benchUrl("redis")),
  postgres: () => both(benchUrl("postgres")),
  rabbitmq: () => ({ broker: benchUrl("rabbitmq"), backend: "rpc://" }),
  "rabbitmq-classic": () => ({ broker: `${benchUrl("rabbitmq")}?queueType=classic`, backend: "rpc://" }),
  sqs: (folder) => ({
    broker: `sqs://bench:bench@${new URL(benchUrl("sqs")).host}?region=us-east-1&prefix=${basename(folder)}-`,
  }),
};

function both(url: string): Places {
  return { broker: url, backend: url };
}

/** Lovage with its defaults: durable publishing, leases, late acknowledgement. */
export function lovage(store: Store): PeerProgram {
  const inProcess = store === "memory";
  const open = (folder: string, onRun: (id: number) => void): BenchApp => openApp(placesOf[store](folder), onRun);
  return {
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

function openApp(places: Places, onRun: (id: number) => void): BenchApp {
  const app = createApp({ name: "bench", ...places, log: silentLog });
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
