import { Logger, makeWorkerUtils, run } from "graphile-worker";
import type { Runner, RunnerOptions } from "graphile-worker";
import { Pool } from "pg";
import { askNumber } from "../servers/ask-number.ts";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const task = "bench";
const logger = new Logger(() => () => {});

/** How graphile-worker is set up; what is not said is its default. */
export type GraphileSetting = Pick<RunnerOptions, "concurrency" | "pollInterval" | "preset">;

/** Settings for speed: many in its local queue, completions joined for 5 ms. */
export const batchingGraphile: GraphileSetting = {
  concurrency: 100,
  preset: { worker: { localQueue: { size: 1_000 }, completeJobBatchDelay: 5 } },
};

/** Settings for short waits: nothing is joined, and it polls each 100 ms. */
export const promptGraphile: GraphileSetting = { concurrency: 24, pollInterval: 100 };

/** graphile-worker on `pg` with a pool of 10. */
export function graphileWorker(setting: GraphileSetting): PeerProgram {
  return {
    openProducer: () => openProducer(),
    openWorker: (options) => openWorker(setting, options),
  };
}

function connect(): Pool {
  const pool = new Pool({ connectionString: benchUrl("postgres"), max: 10 });
  // It insists on listeners; a broken connection is found by the jobs that do not run.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function openProducer(): Promise<PeerProducer> {
  const pgPool = connect();
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  return {
    enqueue: async (job) => void (await utils.addJob(task, job)),
    enqueueMany: async (jobs) => void (await utils.addJobs(jobs.map((payload) => ({ identifier: task, payload })))),
    schedule: async (jobs) => {
      const specs = jobs.map(({ job, dueAtMs }) => ({ identifier: task, payload: job, runAt: new Date(dueAtMs) }));
      await utils.addJobs(specs);
    },
    call: notAsked("graphile-worker"),
    depth: async () => (await askNumber(pgPool, "SELECT count(*) AS n FROM graphile_worker.jobs")) ?? Number.NaN,
    close: async () => {
      await utils.release();
      await pgPool.end();
    },
  };
}

async function openWorker(setting: GraphileSetting, { onRun }: PeerWorkerOptions): Promise<PeerWorker> {
  const pgPool = connect();
  await pgPool.query("SELECT 1");
  let runner: Runner | undefined;
  return {
    start: async () => {
      const taskList = {
        [task]: async (payload: unknown): Promise<void> => {
          onRun((payload as Job).id);
          return await Promise.resolve();
        },
      };
      runner = await run({ ...setting, pgPool, logger, taskList, noHandleSignals: true });
    },
    stop: async () => {
      await runner?.stop();
      await pgPool.end();
    },
  };
}
