import { PgBoss } from "pg-boss";
import type { WorkOptions } from "pg-boss";
import { Pool } from "pg";
import { askNumber } from "../servers/ask-number.ts";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const queue = "bench";

/** How pg-boss is set up. */
export interface PgBossSetting {
  /** Whether workers are told of new jobs by NOTIFY. */
  readonly notifies: boolean;
  readonly work: WorkOptions;
}

/** Settings for speed: four lanes of a thousand, the shortest poll, NOTIFY. */
export const batchingPgBoss: PgBossSetting = {
  notifies: true,
  work: { batchSize: 1_000, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
};

/** Settings for short waits: one job at a time, NOTIFY. */
export const promptPgBoss: PgBossSetting = { notifies: true, work: { pollingIntervalSeconds: 0.5 } };

/** As it comes. */
export const defaultPgBoss: PgBossSetting = { notifies: false, work: {} };

/** pg-boss with a pool of 10; done jobs stay. */
export function pgBoss(setting: PgBossSetting): PeerProgram {
  return {
    openProducer: () => openProducer(setting),
    openWorker: (options) => openWorker(setting, options),
  };
}

async function start({ notifies }: PgBossSetting): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: benchUrl("postgres"), max: 10, useListenNotify: notifies });
  // It insists on a listener; what goes wrong is found by the jobs that do not run.
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue(queue, { notify: notifies });
  return boss;
}

async function openProducer(setting: PgBossSetting): Promise<PeerProducer> {
  const boss = await start(setting);
  const pool = new Pool({ connectionString: benchUrl("postgres"), max: 1 });
  return {
    enqueue: async (job) => void (await boss.send(queue, job)),
    enqueueMany: async (jobs) =>
      void (await boss.insert(
        queue,
        jobs.map((data) => ({ data })),
      )),
    schedule: async (jobs) => {
      const delayed = jobs.map(({ job, dueAtMs }) => ({ data: job, startAfter: new Date(dueAtMs) }));
      await boss.insert(queue, delayed);
    },
    call: notAsked("pg-boss"),
    depth: async () => {
      const text = "SELECT count(*) AS n FROM pgboss.job WHERE name = $1 AND state < 'completed'";
      return (await askNumber(pool, text, [queue])) ?? Number.NaN;
    },
    close: async () => {
      await Promise.all([boss.stop({ graceful: false }), pool.end()]);
    },
  };
}

async function openWorker(setting: PgBossSetting, { onRun }: PeerWorkerOptions): Promise<PeerWorker> {
  const boss = await start(setting);
  return {
    start: async () => {
      await boss.work<Job>(queue, setting.work, async (jobs) => {
        for (const { data } of jobs) onRun(data.id);
        return await Promise.resolve();
      });
    },
    stop: () => boss.stop({ graceful: true, timeout: 30_000 }),
  };
}
