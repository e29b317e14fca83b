/** How often runs of one task ended in one way. */
export interface TaskCount {
  readonly task: string;
  readonly outcome: string;
  readonly count: number;
}

/** When a queue last moved; Unix ms, absent when it has not. */
export interface QueueProgress {
  readonly queue: string;
  readonly fetchedAtMs?: number | undefined;
  readonly settledAtMs?: number | undefined;
}

/** How late the event loop was, over the life of the process, in seconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Figures of one worker process, or of several added up. */
export interface WorkerMetrics {
  readonly processes: number;
  readonly tasks: readonly TaskCount[];
  readonly running: number;
  readonly buffered: number;
  readonly loopDelay: LoopDelay;
  readonly queues: readonly QueueProgress[];
}

/** Figures of a process that has done nothing. */
export const noMetrics: WorkerMetrics = {
  processes: 0,
  tasks: [],
  running: 0,
  buffered: 0,
  loopDelay: { p50: 0, p99: 0, max: 0 },
  queues: [],
};

/** Figures of several processes as one: counts are added, the slowest loop and the latest progress count. */
export function mergeMetrics(all: readonly WorkerMetrics[]): WorkerMetrics {
  return {
    processes: sum(all, ({ processes }) => processes),
    tasks: mergeTasks(all.flatMap(({ tasks }) => tasks)),
    running: sum(all, ({ running }) => running),
    buffered: sum(all, ({ buffered }) => buffered),
    loopDelay: {
      p50: Math.max(0, ...all.map(({ loopDelay }) => loopDelay.p50)),
      p99: Math.max(0, ...all.map(({ loopDelay }) => loopDelay.p99)),
      max: Math.max(0, ...all.map(({ loopDelay }) => loopDelay.max)),
    },
    queues: mergeQueues(all.flatMap(({ queues }) => queues)),
  };
}

/** What stays of a process that has ended: what it has done, not what it held. */
export function pastMetrics({ tasks, queues }: WorkerMetrics): WorkerMetrics {
  return { ...noMetrics, tasks, queues };
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function mergeTasks(counts: readonly TaskCount[]): readonly TaskCount[] {
  const merged = new Map<string, TaskCount>();
  for (const count of counts) {
    const key = JSON.stringify([count.task, count.outcome]);
    merged.set(key, { ...count, count: count.count + (merged.get(key)?.count ?? 0) });
  }
  return [...merged.values()];
}

function mergeQueues(progress: readonly QueueProgress[]): readonly QueueProgress[] {
  const merged = new Map<string, QueueProgress>();
  for (const { queue, fetchedAtMs, settledAtMs } of progress) {
    const known = merged.get(queue);
    merged.set(queue, {
      queue,
      fetchedAtMs: latest(known?.fetchedAtMs, fetchedAtMs),
      settledAtMs: latest(known?.settledAtMs, settledAtMs),
    });
  }
  return [...merged.values()];
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
