import type { BeatOptions } from "../beat/beat-options.ts";
import type { Beat } from "../beat/beat.ts";
import type { ScheduleBook } from "../beat/book/schedule-book.ts";
import type { ScheduleOptions } from "../beat/definition/schedule-options.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { QueueHandle } from "../queue/queue-handle.ts";
import type { WorkerOptions } from "../worker/worker-options.ts";
import type { Worker } from "../worker/worker.ts";
import type { AnyTask } from "./any-task.ts";
import type { Task, TaskHandler } from "./task.ts";
import type { TaskFactory } from "./task-factory.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * A set of tasks with the broker they are sent through and the backend that keeps their results. Made by `createApp`; nothing is read or opened
 * before it is needed. `await using app = createApp(...)` closes it at the end of the block.
 */
export interface App extends AsyncDisposable {
  readonly name: string;
  /** Makes a task of this app. @throws NAME_INVALID, OPTION_INVALID, CONFIGURATION_INVALID when the name is taken */
  readonly task: TaskFactory;
  /**
   * A task whose handler is elsewhere, in Python say, typed by hand: sent like any other, not callable here (`TASK_REMOTE`).
   * @throws NAME_INVALID, OPTION_INVALID
   */
  remote<Handler extends TaskHandler>(name: string, options?: TaskOptions): Task<Handler>;
  /** A handle on the result of a call that was sent before, or by another process. Reads nothing. @throws OPTION_INVALID for what is no id */
  result<Result = unknown>(taskId: string): AsyncResult<Result>;
  /** A handle on a queue. Reads nothing. @throws NAME_INVALID */
  queue(name: string): QueueHandle;
  /** A worker in this process. It takes nothing before its `start`; `close` of the app stops it. @throws OPTION_INVALID, NAME_INVALID */
  worker(options?: WorkerOptions): Worker;
  /**
   * Has a task called at certain times, by any beat of the app. The arguments are those of the task.
   * @throws OPTION_INVALID, NAME_INVALID, CONFIGURATION_INVALID when the name is taken
   */
  schedule<T extends AnyTask | string>(name: string, options: ScheduleOptions<T>): void;
  /** The app's schedules, in code and in the store of its backend. */
  readonly schedules: ScheduleBook;
  /** A beat in this process: publishes the calls of schedules. Does nothing before its `start`; `close` of the app stops it. @throws OPTION_INVALID */
  beat(options?: BeatOptions): Beat;
  /**
   * Reads the configuration file and loads the modules of tasks; done by itself before the first I/O. Idempotent.
   * @throws CONFIGURATION_INVALID; CLOSED
   */
  ready(): Promise<void>;
  /** Stops the app's workers and beats, and lets go of broker and backend. What waits for a result rejects with `CLOSED`. Idempotent. */
  close(): Promise<void>;
}
