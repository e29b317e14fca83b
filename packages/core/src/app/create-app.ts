import { createQueueHandle } from "../queue/create-queue-handle.ts";
import type { QueueHandle } from "../queue/queue-handle.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { createResult } from "../result/create-result.ts";
import type { WorkerOptions } from "../worker/worker-options.ts";
import { createWorker } from "../worker/worker.ts";
import type { Worker } from "../worker/worker.ts";
import type { App } from "./app.ts";
import { AppCore } from "./app-core.ts";
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
  readonly #core: AppCore;
  /** Those that are not stopped. */
  readonly #workers = new Set<Worker>();
  #closing: Promise<void> | undefined;

  constructor(core: AppCore) {
    this.#core = core;
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
    const worker = createWorker(this.#core, options);
    this.#workers.add(worker);
    void worker.closed.then(() => this.#workers.delete(worker));
    return worker;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
    await this.#core.close();
  }

  #add(declaration: TaskDeclaration): Task<TaskHandler> {
    this.#core.tasks.add(declaration);
    return createTask({ declaration }, () => this.#core.sender);
  }
}
