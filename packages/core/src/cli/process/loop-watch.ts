import { createHistogram } from "node:perf_hooks";
import type { RecordableHistogram } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import type { Clock, Log, Timer } from "@lovage/foundation";
import type { ObservedTask } from "../../worker/worker-options.ts";
import type { LoopDelay } from "../http/worker-metrics.ts";
import { LoopBoard } from "./loop-board.ts";
import type { LoopWatchData } from "./loop-watch-thread.ts";

/** What the event loop is watched with. */
export interface LoopWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Names of the tasks that may run. */
  readonly tasks: readonly string[];
  /** How the thread writes its line; `undefined`: there is no thread, and a block is told when it is over. */
  readonly thread: { readonly isText: boolean; readonly fields: Readonly<Record<string, unknown>> } | undefined;
}

/** Known by its object: of calls that never started the watch is told only that they ended. */
type RunningCall = Pick<ObservedTask, "task">;

/** A histogram holds whole numbers from 1. */
const smallestRecord = 1;
const beatMs = 500;
const blockedMs = 1_000;

/**
 * Watches the event loop: measures how late it is, and warns (`event-loop-blocked`, with the tasks that run) when it stands still for more than a
 * second. A helper thread warns while it stands; the loop itself tells for how long it stood. The first task starts the thread: it takes some 15 MB.
 */
export class LoopWatch {
  readonly #options: LoopWatchOptions;
  readonly #board: LoopBoard;
  readonly #delays: RecordableHistogram = createHistogram();
  readonly #running = new Set<RunningCall>();
  #thread: Worker | undefined;
  #isStopped = false;
  #timer: Timer | undefined;
  #beatAtMs: number;

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    this.#board = new LoopBoard(options.tasks);
    this.#beatAtMs = options.clock.monotonic();
    this.#schedule();
  }

  /** A task's function is about to run. */
  started(call: RunningCall): void {
    if (!this.#isStopped) this.#thread ??= this.#startThread();
    this.#running.add(call);
    this.#board.started(call.task);
  }

  /** It has returned, or is not waited for any more. Harmless for a call that was never started. */
  ended(call: RunningCall): void {
    this.#running.delete(call);
  }

  /** How late the loop was so far. */
  delay(): LoopDelay {
    const { max } = this.#delays;
    const [p50, p99] = [this.#delays.percentile(50), this.#delays.percentile(99)];
    return { p50: lateness(p50), p99: lateness(p99), max: lateness(max) };
  }

  /** Leaves neither timer nor thread behind. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#thread?.terminate();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(beatMs, () => this.#beat(), { keepAlive: false });
  }

  #beat(): void {
    const nowMs = this.#options.clock.monotonic();
    const lateMs = Math.max(0, nowMs - this.#beatAtMs - beatMs);
    this.#beatAtMs = nowMs;
    this.#delays.record(Math.round(lateMs) + smallestRecord);
    if (lateMs >= blockedMs) {
      this.#options.log.warn("event-loop-blocked", {
        blockedMs: Math.round(lateMs),
        tasks: this.#board.read(),
        isOver: true,
      });
    }
    this.#board.beat(new Set(Array.from(this.#running, ({ task }) => task)));
    this.#schedule();
  }

  #startThread(): Worker | undefined {
    const { thread, tasks } = this.#options;
    if (thread === undefined) return undefined;
    const data: LoopWatchData = { ...thread, tasks, memory: this.#board.memory, blockedMs };
    const worker = new Worker(new URL(import.meta.resolve("#loop-watch-thread")), { workerData: data });
    worker.unref();
    worker.on("online", () => this.#options.log.debug("The watch of the event loop runs."));
    worker.on("error", (error) => this.#options.log.debug("The watch of the event loop has ended.", { error }));
    return worker;
  }
}

/** Seconds from what was recorded. */
function lateness(record: number): number {
  return Math.max(0, Math.round(record) - smallestRecord) / 1_000;
}
