import { Pool } from "pg";
import type { PoolClient } from "pg";
import { askNumber } from "../servers/ask-number.ts";
import { benchUrl } from "../servers/bench-url.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";
import { PostgresSleeper } from "./postgres-sleeper.ts";

const poolSize = 10;
const claimSize = 1_000;
const lanes = 2;
const insert = "INSERT INTO raw_jobs (body) VALUES ($1)";

/**
 * `pg` with nothing around it: an INSERT for each call or one for a thousand; a worker claims ${claimSize} with SKIP LOCKED, runs and deletes them in one transaction.
 * A worker that dies gives them back; nothing is written for a lease. No retries, no dead letters. It notifies only where a worker is known to sleep.
 */
export function rawPostgres(): PeerProgram {
  return {
    openProducer: async () => await producerOf(await open()),
    openWorker: async ({ onRun }: PeerWorkerOptions) => workerOf(await open(), onRun),
  };
}

async function open(): Promise<Pool> {
  const pool = new Pool({ connectionString: benchUrl("postgres"), max: poolSize });
  await pool.query(`
    SELECT pg_advisory_lock(1);
    CREATE TABLE IF NOT EXISTS raw_jobs (id bigserial PRIMARY KEY, at bigint NOT NULL DEFAULT 0, wants boolean NOT NULL DEFAULT false, body text NOT NULL);
    CREATE INDEX IF NOT EXISTS raw_jobs_at ON raw_jobs (at, id);
    SELECT pg_advisory_unlock(1)`);
  return pool;
}

async function producerOf(pool: Pool): Promise<PeerProducer> {
  const replies = await PostgresSleeper.listen(pool, "raw_replies");
  const waiting = new Map<number, () => void>();
  replies.onNotice = (payload) => {
    for (const id of payload.split(",").map(Number)) {
      waiting.get(id)?.();
      waiting.delete(id);
    }
  };
  return {
    enqueue: async (job) => void (await pool.query({ name: "add", text: insert, values: [JSON.stringify(job)] })),
    enqueueMany: async (jobs) => {
      const bodies = jobs.map((job) => JSON.stringify(job));
      await pool.query("INSERT INTO raw_jobs (body) SELECT * FROM unnest($1::text[])", [bodies]);
    },
    enqueueToSleeper: (job) => addAndWake(pool, job, false),
    schedule: async (jobs) => {
      const bodies = jobs.map(({ job }) => JSON.stringify(job));
      const times = jobs.map(({ dueAtMs }) => dueAtMs);
      await pool.query("INSERT INTO raw_jobs (at, body) SELECT * FROM unnest($1::bigint[], $2::text[])", [
        times,
        bodies,
      ]);
    },
    call: async (job) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(job.id, resolve);
      await addAndWake(pool, job, true);
      await promise;
      return job.id;
    },
    depth: async () => (await askNumber(pool, "SELECT count(*) AS n FROM raw_jobs")) ?? Number.NaN,
    close: async () => {
      replies.close();
      await pool.end();
    },
  };
}

async function addAndWake(pool: Pool, job: Job, wants: boolean): Promise<void> {
  const text =
    "WITH job AS (INSERT INTO raw_jobs (body, wants) VALUES ($1, $2) RETURNING 1) SELECT pg_notify('raw_jobs', '') FROM job";
  await pool.query({ name: "add-and-wake", text, values: [JSON.stringify(job), wants] });
}

function workerOf(pool: Pool, onRun: (id: number) => void): PeerWorker {
  const stop = new AbortController();
  let done: Promise<unknown> = Promise.resolve();
  return {
    start: async () => {
      done = Promise.all(Array.from({ length: lanes }, () => workOff(pool, onRun, stop.signal)));
      return await Promise.resolve();
    },
    stop: async () => {
      stop.abort();
      await done;
      await pool.end();
    },
  };
}

async function workOff(pool: Pool, onRun: (id: number) => void, signal: AbortSignal): Promise<void> {
  const sleeper = await PostgresSleeper.listen(pool, "raw_jobs");
  const client = await pool.connect();
  while (!signal.aborted) {
    const wake = sleeper.arm();
    const count = await workBatch(client, onRun);
    if (count > 0) continue;
    const nextAtMs = await askNumber(client, "SELECT min(at) AS n FROM raw_jobs WHERE at > 0");
    await wake(nextAtMs === undefined ? undefined : nextAtMs - Date.now(), signal);
  }
  client.release();
  sleeper.close();
}

/** Claims, runs and deletes jobs in one transaction; gives how many. */
async function workBatch(client: PoolClient, onRun: (id: number) => void): Promise<number> {
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  await client.query("BEGIN");
  const { rows } = await client.query<{ readonly id: string; readonly wants: boolean; readonly body: string }>({
    name: "claim",
    text: `SELECT id, wants, body FROM raw_jobs WHERE at <= $1 ORDER BY at, id LIMIT ${claimSize} FOR UPDATE SKIP LOCKED`,
    values: [Date.now()],
  });
  const answers: number[] = [];
  for (const { wants, body } of rows) {
    const result = await handle(JSON.parse(body) as Job);
    if (wants) answers.push(result);
  }
  if (rows.length > 0) {
    await client.query({
      name: "done",
      text: "DELETE FROM raw_jobs WHERE id = ANY($1::bigint[])",
      values: [rows.map(({ id }) => id)],
    });
  }
  if (answers.length > 0) await client.query("SELECT pg_notify('raw_replies', $1)", [answers.join(",")]);
  await client.query("COMMIT");
  return rows.length;
}
