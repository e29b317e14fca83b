import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const claimSize = 500;
const pollMs = 1;

/** `node:sqlite` with nothing around it, as durable as Lovage: WAL, `synchronous = FULL`. No leases, no retries, no dead letters; polls each ms. */
export function rawSqlite(): PeerProgram {
  return {
    openProducer: async (folder) => producerOf(open(folder)),
    openWorker: async ({ folder, onRun }: PeerWorkerOptions) => workerOf(open(folder), onRun),
  };
}

function open(folder: string): DatabaseSync {
  const db = new DatabaseSync(join(folder, "raw.db"), { timeout: 5_000 });
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, at INTEGER NOT NULL, wants INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS jobs_ready ON jobs (id) WHERE state = 0;
    CREATE INDEX IF NOT EXISTS jobs_delayed ON jobs (at) WHERE state = 2;
    CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, job INTEGER NOT NULL);
  `);
  return db;
}

/** Runs work in one transaction. */
function transact<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function producerOf(db: DatabaseSync): PeerProducer {
  const insert = db.prepare("INSERT INTO jobs (state, at, wants, body) VALUES (?, ?, ?, ?)");
  // States: 0 ready, 1 held, 2 delayed.
  const add = (job: Job, { state = 0, at = 0, wants = 0 } = {}): void =>
    void insert.run(state, at, wants, JSON.stringify(job));
  const results = new ResultPoll(db);
  return {
    enqueue: async (job) => add(job),
    enqueueMany: async (jobs) => transact(db, () => jobs.forEach((job) => add(job))),
    schedule: async (jobs) =>
      transact(db, () => jobs.forEach(({ job, dueAtMs }) => add(job, { state: 2, at: dueAtMs }))),
    call: async (job) => {
      add(job, { wants: 1 });
      return await results.wait(job.id);
    },
    depth: async () => Number(db.prepare("SELECT count(*) AS n FROM jobs").get()?.["n"]),
    close: async () => db.close(),
  };
}

/** Looks for new results while somebody waits for one. */
class ResultPoll {
  readonly #db: DatabaseSync;
  readonly #waiting = new Map<number, (job: number) => void>();
  #last = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  wait(job: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(job, resolve);
    if (this.#waiting.size === 1) void this.#poll();
    return promise;
  }

  async #poll(): Promise<void> {
    const select = this.#db.prepare("SELECT id, job FROM results WHERE id > ? ORDER BY id");
    while (this.#waiting.size > 0) {
      for (const { id, job } of select.all(this.#last)) {
        this.#last = Number(id);
        this.#waiting.get(Number(job))?.(Number(job));
        this.#waiting.delete(Number(job));
      }
      await sleep(pollMs);
    }
  }
}

interface HeldRow {
  readonly id: number;
  readonly wants: number;
  readonly body: string;
}

function workerOf(db: DatabaseSync, onRun: (id: number) => void): PeerWorker {
  const stop = new AbortController();
  let done: Promise<void> = Promise.resolve();
  return {
    start: async () => {
      done = workOff(jobStore(db), onRun, stop.signal);
    },
    stop: async () => {
      stop.abort();
      await done;
      db.close();
    },
  };
}

async function workOff(store: JobStore, onRun: (id: number) => void, signal: AbortSignal): Promise<void> {
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  while (!signal.aborted) {
    const rows = store.hasWork() ? store.claim() : [];
    const results: number[] = [];
    for (const { body } of rows) results.push(await handle(JSON.parse(body) as Job));
    if (rows.length === 0) await sleep(pollMs);
    else {
      store.settle(rows, results);
      await setImmediate();
    }
  }
}

/** What a worker does to the file. */
interface JobStore {
  hasWork(): boolean;
  claim(): readonly HeldRow[];
  settle(rows: readonly HeldRow[], results: readonly number[]): void;
}

function jobStore(db: DatabaseSync): JobStore {
  const look = db.prepare(
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 0) OR EXISTS (SELECT 1 FROM jobs WHERE state = 2 AND at <= ?) AS work",
  );
  const promote = db.prepare("UPDATE jobs SET state = 0 WHERE state = 2 AND at <= ?");
  const claim = db.prepare(
    `UPDATE jobs SET state = 1 WHERE id IN (SELECT id FROM jobs WHERE state = 0 ORDER BY id LIMIT ${claimSize}) RETURNING id, wants, body`,
  );
  const remove = db.prepare("DELETE FROM jobs WHERE id = ?");
  const keep = db.prepare("INSERT INTO results (job) VALUES (?)");
  return {
    hasWork: () => look.get(Date.now())?.["work"] === 1,
    claim: () =>
      transact(db, () => {
        promote.run(Date.now());
        return claim.all() as unknown as readonly HeldRow[];
      }),
    settle: (rows, results) =>
      transact(db, () => {
        for (const [index, { id, wants }] of rows.entries()) {
          remove.run(id);
          if (wants === 1) keep.run(results[index] ?? 0);
        }
      }),
  };
}
