import type { App } from "../../app/app.ts";
import { runtimeOf } from "../../app/runtime-of.ts";
import type { Beat } from "../../beat/beat.ts";
import type { Worker } from "../../worker/worker.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";
import { TaskCounters } from "../http/task-counters.ts";
import type { Report } from "../http/report.ts";
import type { QueueHealth } from "../../worker/worker-health.ts";
import type { QueueProgress } from "../http/worker-metrics.ts";
import { guardAgainstCrashes } from "./crash-guard.ts";
import { hasTextLog } from "./log-form.ts";
import { LoopWatch } from "./loop-watch.ts";
import { bothVerdicts, workerWithBeat } from "./worker-with-beat.ts";
import { WorkerProcess } from "./worker-process.ts";

/** The worker of this process, with all that watches it. */
export interface LocalWorker {
  readonly process: WorkerProcess;
  /** What it tells about itself now. */
  readonly report: () => Promise<Report>;
}

/**
 * Makes the worker of this process. Nothing is opened before its `process` runs.
 * @param fields Fields of every line of its log.
 */
export function createLocalWorker(
  app: App,
  flags: WorkerFlags,
  fields?: Readonly<Record<string, unknown>>,
): LocalWorker {
  const { clock, log, settings, tasks } = runtimeOf(app);
  const watch = new LoopWatch({
    clock,
    log,
    tasks: tasks.names(),
    thread: { isText: hasTextLog(flags), fields: { name: app.name, ...fields } },
  });
  const counters = new TaskCounters((task) => tasks.get(task) !== undefined);
  const worker = app.worker({
    queues: flags.queues,
    concurrency: flags.concurrency,
    prefetch: flags.prefetch,
    name: flags.hostname,
    renewal: "thread",
    listener: {
      onTaskStarted: (call) => watch.started(call),
      onTaskEnded: (call, outcome) => {
        watch.ended(call);
        counters.add(call.task, outcome);
      },
      onExhausted: () => local.fail(),
    },
  });
  const beat = flags.beat === true ? app.beat() : undefined;
  const endGuard = guardAgainstCrashes({
    log,
    failCurrentTask: (error) => worker.failCurrentTask(error),
    onFatal: () => local.fail(),
  });
  const local = new WorkerProcess({
    worker: workerWithBeat(worker, beat),
    clock,
    log,
    graceMs: flags.grace ?? settings.shutdownGraceMs,
    close: async () => {
      await app.close();
      await watch.stop();
      endGuard();
    },
  });
  return { process: local, report: async () => withBeat(reportOf(worker, counters, watch), beat) };
}

function reportOf(worker: Worker, counters: TaskCounters, watch: LoopWatch): Report {
  const { live, ready, running, buffered, queues } = worker.health();
  const metrics = {
    processes: 1,
    tasks: counters.read(),
    running,
    buffered,
    loopDelay: watch.delay(),
    queues: queues.map((queue) => progressOf(queue)),
  };
  return { live, ready, metrics };
}

function withBeat(report: Report, beat: Beat | undefined): Report {
  const health = beat?.health();
  return { ...report, live: bothVerdicts(report.live, health?.live), ready: bothVerdicts(report.ready, health?.ready) };
}

function progressOf({ queue, lastFetchedAtMs, lastSettledAtMs }: QueueHealth): QueueProgress {
  return { queue, fetchedAtMs: lastFetchedAtMs, settledAtMs: lastSettledAtMs };
}
