import type { DueJob, Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

/** A list in memory whose jobs are encoded and decoded: what JavaScript alone needs. */
export function rawMemory(): PeerProgram {
  const queues = new Map<string, MemoryQueue>();
  const queueOf = (folder: string): MemoryQueue => {
    const queue = queues.get(folder) ?? new MemoryQueue();
    queues.set(folder, queue);
    return queue;
  };
  return {
    openProducer: async (folder) => producerOf(queueOf(folder)),
    openWorker: async ({ folder, onRun }: PeerWorkerOptions) => workerOf(queueOf(folder), onRun),
  };
}

class MemoryQueue {
  readonly callers = new Map<number, (result: number) => void>();
  delayed = 0;
  wake: () => void = () => {};
  #bodies: string[] = [];
  #next = 0;

  get length(): number {
    return this.#bodies.length - this.#next;
  }

  push(body: string): void {
    this.#bodies.push(body);
    this.wake();
  }

  shift(): string | undefined {
    const body = this.#bodies[this.#next];
    if (body !== undefined) this.#next += 1;
    else if (this.#next > 0) {
      this.#bodies = [];
      this.#next = 0;
    }
    return body;
  }
}

function producerOf(queue: MemoryQueue): PeerProducer {
  const enqueue = async (job: Job): Promise<void> => queue.push(JSON.stringify(job));
  return {
    enqueue,
    enqueueMany: async (jobs) => jobs.forEach((job) => queue.push(JSON.stringify(job))),
    schedule: async (jobs) => jobs.forEach((due) => delay(queue, due)),
    call: async (job) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      queue.callers.set(job.id, resolve);
      await enqueue(job);
      return await promise;
    },
    depth: async () => queue.length + queue.delayed,
    close: async () => {},
  };
}

function delay(queue: MemoryQueue, { job, dueAtMs }: DueJob): void {
  queue.delayed += 1;
  setTimeout(() => {
    queue.delayed -= 1;
    queue.push(JSON.stringify(job));
  }, dueAtMs - Date.now());
}

function workerOf(queue: MemoryQueue, onRun: (id: number) => void): PeerWorker {
  let isRunning = false;
  let done: Promise<void> = Promise.resolve();
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  const drain = async (): Promise<void> => {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const job = JSON.parse(body) as Job;
      const result = await handle(job);
      queue.callers.get(job.id)?.(result);
      queue.callers.delete(job.id);
    }
    isRunning = false;
  };
  const wake = (): void => {
    if (isRunning) return;
    isRunning = true;
    // As a broker would: not before the producer has been told that its job is accepted.
    done = Promise.resolve().then(() => drain());
  };
  return {
    start: async () => {
      queue.wake = wake;
      wake();
    },
    stop: async () => {
      queue.wake = () => {};
      await done;
    },
  };
}
