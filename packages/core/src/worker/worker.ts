import { ClosedError, parseDuration } from "@lovage/foundation";
import type { Duration, Log } from "@lovage/foundation";
import { checkKnown } from "../app/check-option.ts";
import type { AppRuntime } from "../app/app-runtime.ts";
import { guardedListener } from "./guarded-listener.ts";
import { judge } from "./worker-health.ts";
import type { WorkerHealth, WorkerState } from "./worker-health.ts";
import { checkWorkerOptions, resolveWorkerOptions } from "./worker-options.ts";
import type { ResolvedWorkerOptions, WorkerOptions } from "./worker-options.ts";
import { WorkerSession } from "./worker-session.ts";

/** How a worker is stopped. */
export interface StopOptions {
  /** How long tasks that run may go on; what then still runs is aborted and given back. @default the app's `shutdownGrace`, 25 s */
  readonly timeout?: Duration | undefined;
}

/**
 * Takes tasks from queues and runs them. Works once: a stopped worker is not started again.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `idle` | made | `start`, `stop` |
 * | `starting` | `start` | the queues are consumed; `start` fails; `stop` |
 * | `running` | the queues are consumed | `stop`, abandoned functions would fill all slots |
 * | `stopping` | `stop` | all is settled or given back |
 * | `stopped` | all is settled or given back, or `start` has failed | never |
 */
export interface Worker extends AsyncDisposable {
  /**
   * Resolves once the queues are consumed. Called again, it waits for the same start.
   * @throws CLOSED after `stop`; FEATURE_UNSUPPORTED; TRANSPORT_UNAVAILABLE, BACKEND_UNAVAILABLE; CONFIGURATION_INVALID
   */
  start(): Promise<void>;
  /**
   * Takes nothing more and gives back at once what was not started. What runs may end within `timeout`; then `task.signal` is aborted and it is given
   * back, too, without being charged for a loss. May be called in any state and any number of times; a later call may shorten the time.
   * Leaves the app open.
   * @throws OPTION_INVALID
   */
  stop(options?: StopOptions): Promise<void>;
  /** How it is now. Costs nothing but the reading of some counters. */
  health(): WorkerHealth;
  /** Resolves once the worker is stopped, whoever stopped it. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Fails the run of the task from whose code this is called: for an error that escaped it, such as an unhandled rejection or a throw in a timer.
   * @returns whether this code belongs to a task that runs in this worker
   */
  failCurrentTask(error: unknown): boolean;
  /** `stop` with its default. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A worker of an app. Nothing is opened before `start`. @throws OPTION_INVALID, NAME_INVALID */
export function createWorker(runtime: AppRuntime, options: WorkerOptions = {}): Worker {
  checkWorkerOptions(options);
  return new TaskWorker(runtime, options);
}

class TaskWorker implements Worker {
  readonly #runtime: AppRuntime;
  readonly #options: WorkerOptions;
  readonly #closed = Promise.withResolvers<void>();
  #state: WorkerState = "idle";
  #starting: Promise<void> | undefined;
  #session: WorkerSession | undefined;

  constructor(runtime: AppRuntime, options: WorkerOptions) {
    this.#runtime = runtime;
    this.#options = options;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async start(): Promise<void> {
    await (this.#starting ??= this.#start());
    if (this.#state !== "running") throw this.#closedError();
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkKnown(options, "stop", ["timeout"]);
    const { timeout } = options;
    const graceMs =
      timeout === undefined ? this.#runtime.settings.shutdownGraceMs : parseDuration(timeout, { field: "timeout" });
    if (this.#state === "idle" || this.#session === undefined) return this.#finish();
    if (this.#state === "running" || this.#state === "starting") {
      this.#state = "stopping";
      this.#runtime.log.info("Worker stops.", { graceMs, running: this.#session.facts().running });
    }
    await this.#session.stop(graceMs);
    this.#finish();
  }

  health(): WorkerHealth {
    const facts = this.#session?.facts() ?? nothingYet;
    return judge({ ...facts, state: this.#state });
  }

  failCurrentTask(error: unknown): boolean {
    return this.#session?.failCurrent(error) ?? false;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    if (this.#state !== "idle") throw this.#closedError();
    this.#state = "starting";
    try {
      await this.#open();
    } catch (error) {
      await this.#session?.stop(0);
      this.#finish();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const runtime = this.#runtime;
    await runtime.ready();
    const resolved = resolveWorkerOptions(this.#options, runtime);
    const connection = await runtime.connection({ renewal: resolved.renewal });
    const backend = await runtime.backend();
    this.#requireStarting();
    const log = runtime.log.child({ worker: resolved.name });
    const options = { ...resolved, listener: guardedListener(resolved.listener, log) };
    const session = new WorkerSession({
      runtime,
      options,
      connection,
      backend,
      log,
      onExhausted: () => this.#exhausted(options, log),
    });
    this.#session = session;
    await session.open();
    this.#requireStarting();
    this.#state = "running";
    log.info("Worker is ready.", {
      queues: options.queues,
      concurrency: options.concurrency,
      prefetch: options.prefetch,
    });
  }

  /** Its process should be replaced: what fills the slots cannot be stopped from here. */
  #exhausted(options: ResolvedWorkerOptions, log: Log): void {
    log.error(
      "As many functions as the worker has slots go on after their runs have ended; the worker stops. Let tasks obey task.signal.",
    );
    options.listener.onExhausted?.();
    void this.stop();
  }

  #requireStarting(): void {
    if (this.#state !== "starting") throw this.#closedError();
  }

  #closedError(): ClosedError {
    return new ClosedError("The worker was stopped. Make another one to go on.");
  }

  #finish(): void {
    if (this.#state !== "stopped") this.#runtime.log.info("Worker has stopped.");
    this.#state = "stopped";
    this.#closed.resolve();
  }
}

const nothingYet = {
  broker: "unopened",
  concurrency: 0,
  running: 0,
  settling: 0,
  abandoned: 0,
  stuck: 0,
  buffered: 0,
  oldestRunningMs: undefined,
  queues: [],
  isBackendFailing: false,
  isRetrying: false,
  idleMs: 0,
} as const;
