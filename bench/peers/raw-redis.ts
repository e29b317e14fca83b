import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { benchUrl } from "../servers/bench-url.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const ready = "raw:ready";
const delayed = "raw:delayed";
const replies = "raw:replies";
const claimSize = 300;

/**
 * Puts the jobs that a worker held away, takes delayed ones over that are due, and claims the next. KEYS: ready, delayed, what this worker holds.
 * ARGV: now. Gives when the next is due (-1: never), and jobs.
 */
const claimLua = `
redis.call('DEL', KEYS[3])
local due = redis.call('ZRANGE', KEYS[2], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, 1000)
if #due > 0 then
  redis.call('RPUSH', KEYS[1], unpack(due))
  redis.call('ZREM', KEYS[2], unpack(due))
end
local jobs = redis.call('LPOP', KEYS[1], ${claimSize}) or {}
if #jobs > 0 then redis.call('RPUSH', KEYS[3], unpack(jobs)) end
return {redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or '-1', jobs}
`;

/** ioredis with nothing around it: one push for each call, claims of ${claimSize} by one script that also puts away the claim before. No leases that end, no retries, no dead letters. */
export function rawRedis(): PeerProgram {
  return {
    openProducer: async () => producerOf(await open(), await open()),
    openWorker: async ({ onRun }: PeerWorkerOptions) => workerOf(await open(), await open(), onRun),
  };
}

async function open(): Promise<Redis> {
  const redis = new Redis(benchUrl("redis"), { lazyConnect: true });
  await redis.connect();
  return redis;
}

function producerOf(redis: Redis, listener: Redis): PeerProducer {
  const waiting = new Map<number, () => void>();
  let isClosed = false;
  const listen = async (): Promise<void> => {
    while (waiting.size > 0) {
      const [, ids = []] = (await listener.blmpop(0, 1, replies, "LEFT", "COUNT", claimSize)) ?? [];
      for (const id of ids.map(Number)) {
        waiting.get(id)?.();
        waiting.delete(id);
      }
    }
  };
  return {
    enqueue: async (job) => void (await redis.rpush(ready, JSON.stringify(job))),
    enqueueMany: async (jobs) => void (await redis.rpush(ready, ...jobs.map((job) => JSON.stringify(job)))),
    schedule: async (jobs) => {
      const members = jobs.flatMap(({ job, dueAtMs }) => [dueAtMs, JSON.stringify(job)]);
      await redis.zadd(delayed, ...members);
    },
    call: async (job) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(job.id, resolve);
      if (waiting.size === 1 && !isClosed) void listen();
      await redis.rpush(ready, JSON.stringify({ ...job, replies }));
      await promise;
      return job.id;
    },
    depth: async () => {
      const held = await redis.keys("raw:held:*");
      const lengths = await Promise.all([ready, ...held].map((list) => redis.llen(list)));
      return lengths.reduce((sum, length) => sum + length, await redis.zcard(delayed));
    },
    close: async () => {
      isClosed = true;
      redis.disconnect();
      listener.disconnect();
    },
  };
}

interface RawJob extends Job {
  /** Where the answer goes. */
  readonly replies?: string;
}

function workerOf(redis: Redis, sleeper: Redis, onRun: (id: number) => void): PeerWorker {
  const stop = new AbortController();
  let done: Promise<void> = Promise.resolve();
  return {
    start: async () => {
      done = workOff({ redis, sleeper, onRun }, stop.signal);
    },
    stop: async () => {
      stop.abort();
      sleeper.disconnect();
      await done;
      redis.disconnect();
    },
  };
}

interface Working {
  readonly redis: Redis;
  readonly sleeper: Redis;
  readonly onRun: (id: number) => void;
}

async function workOff({ redis, sleeper, onRun }: Working, signal: AbortSignal): Promise<void> {
  const held = `raw:held:${process.pid}`;
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  while (!signal.aborted) {
    const [dueAt, bodies] = (await redis.eval(claimLua, 3, ready, delayed, held, Date.now())) as [string, string[]];
    const answers: number[] = [];
    for (const body of bodies) {
      const job = JSON.parse(body) as RawJob;
      const result = await handle(job);
      if (job.replies !== undefined) answers.push(result);
    }
    if (answers.length > 0) await redis.rpush(replies, ...answers);
    if (bodies.length === 0) await sleepUntilWork(sleeper, Number(dueAt));
  }
  await redis.del(held);
}

/** Sleeps until the next is due, else until there is one: by a look that leaves it where it is, and ends when the connection is closed. */
async function sleepUntilWork(sleeper: Redis, dueAtMs: number): Promise<void> {
  // Redis itself counts in tenths of a second.
  if (dueAtMs >= 0) return await sleep(Math.max(1, dueAtMs - Date.now()));
  await sleeper.blmove(ready, ready, "LEFT", "LEFT", 0).catch(() => {
    // The worker was told to stop.
  });
}
