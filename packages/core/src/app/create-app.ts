import type { BeatOptions } from "../beat/beat-options.ts";
import { createBeat } from "../beat/beat.ts";
import type { Beat } from "../beat/beat.ts";
import { createScheduleBook } from "../beat/book/create-schedule-book.ts";
import type { ScheduleBook } from "../beat/book/schedule-book.ts";
import { defineSchedule } from "../beat/definition/schedule-definition.ts";
import type { ScheduleOptions } from "../beat/definition/schedule-options.ts";
import { createQueueHandle } from "../queue/create-queue-handle.ts";
import type { QueueHandle } from "../queue/queue-handle.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { createResult } from "../result/create-result.ts";
import type { WorkerOptions } from "../worker/worker-options.ts";
import { createWorker } from "../worker/worker.ts";
import type { Worker } from "../worker/worker.ts";
import type { App } from "./app.ts";
import { AppCore } from "./app-core.ts";
import type { AnyTask } from "./any-task.ts";
import type { AppOptions } from "./app-options.ts";
import { createTask } from "./create-task.ts";
import { checkTaskId } from "./check-option.ts";
import { attachCore } from "./runtime-of.ts";
import { declareRemoteTask, declareTask } from "./task-declaration.ts";
import type { TaskDeclaration } from "./task-declaration.ts";
import type { TaskFactory } from "./task-factory.ts";
import type { Task, TaskHandler } from "./task.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * Makes an app. Does no I/O: broker and backend are opened when they are first needed.
 * @throws CONFIGURATION_INVALID with every fault of the options, and suggestions
 */
export function createApp(options: AppOptions = {}): App {
  const core = new AppCore(options);
  const app = new TaskApp(core);
  attachCore(app, core);
  return app;
}

class TaskApp implements App {
  readonly task: TaskFactory;
  readonly schedules: ScheduleBook;
  readonly #core: AppCore;
  /** Workers and beats that are not stopped. */
  readonly #running = new Set<Worker | Beat>();
  #closing: Promise<void> | undefined;

  constructor(core: AppCore) {
    this.#core = core;
    this.schedules = createScheduleBook({ runtime: core, code: core.schedules, sender: core.scheduled });
    this.task = ((...args: Parameters<typeof declareTask>) => this.#add(declareTask(...args))) as TaskFactory;
  }

  get name(): string {
    return this.#core.name;
  }

  remote<Handler extends TaskHandler>(name: string, options?: TaskOptions): Task<Handler> {
    return this.#add(declareRemoteTask(name, options)) as unknown as Task<Handler>;
  }

  result<Result = unknown>(taskId: string): AsyncResult<Result> {
    return createResult(checkTaskId(taskId), { source: this.#core.results, ignored: false }) as AsyncResult<Result>;
  }

  queue(name: string): QueueHandle {
    return createQueueHandle(this.#core, name);
  }

  ready(): Promise<void> {
    return this.#core.ready();
  }

  worker(options?: WorkerOptions): Worker {
    return this.#keep(createWorker(this.#core, options));
  }

  schedule<T extends AnyTask | string>(name: string, options: ScheduleOptions<T>): void {
    this.#core.schedules.add(defineSchedule(name, options));
  }

  beat(options?: BeatOptions): Beat {
    const { schedules: code, scheduled: sender } = this.#core;
    return this.#keep(createBeat({ runtime: this.#core, code, sender }, options));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    await this.#core.close();
  }

  #keep<Running extends Worker | Beat>(running: Running): Running {
    this.#running.add(running);
    void running.closed.then(() => this.#running.delete(running));
    return running;
  }

  #add(declaration: TaskDeclaration): Task<TaskHandler> {
    this.#core.tasks.add(declaration);
    return createTask({ declaration }, () => this.#core.sender);
  }
}
