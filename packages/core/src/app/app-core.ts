import { fileURLToPath } from "node:url";
import type { Backend } from "@lovage/backend";
import type { Clock, Log } from "@lovage/foundation";
import { abortable, ClosedError, ConfigurationError, Once, systemClock } from "@lovage/foundation";
import type { Connection, QueueDeclaration } from "@lovage/transport";
import { CodeSchedules } from "../beat/book/code-schedules.ts";
import { ScheduledSender } from "../beat/tick/scheduled-sender.ts";
import { openLog } from "../log/open-log.ts";
import { BrokerCanvasSender } from "../produce/broker-canvas-sender.ts";
import { BrokerCallSender } from "../produce/broker-call-sender.ts";
import { BrokerProducer } from "../produce/broker-producer.ts";
import { PriorityWarnings } from "../queue/priority-warnings.ts";
import { ResultSource } from "../result/result-source.ts";
import type { AnyTask } from "./any-task.ts";
import type { AppOptions } from "./app-options.ts";
import type { AppRuntime, RuntimeSettings } from "./app-runtime.ts";
import { AppStores } from "./app-stores.ts";
import { AppTasks } from "./app-tasks.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { ConfigurationLayers } from "./configuration/configuration-layers.ts";
import type { CallSender } from "./call-sender.ts";
import { loadTasks } from "./load-tasks.ts";
import { LoadingScope } from "./loading-scope.ts";
import type { OpeningOptions } from "./open-driver.ts";
import { eachSchema } from "./store-schemas.ts";
import type { StoreTables } from "./store-schemas.ts";
import type { TaskBindings } from "./task-bindings.ts";
import { declareRemoteTask } from "./task-declaration.ts";
import { handleOf } from "./task-handle.ts";

/** How long a module of tasks may wait for the app that is loading it. */
const loadingWaitMs = 5_000;

/**
 * An app from the inside: its configuration, its tasks, and the one connection and one backend that everything shares.
 *
 * | state | entered | what works |
 * |---|---|---|
 * | made | `createApp` | adding tasks; nothing was read or opened yet |
 * | ready | `ready`, or the first I/O | all; connection and backend are opened when they are first needed |
 * | closed | `close` | nothing: `CLOSED` |
 */
export class AppCore implements AppRuntime {
  readonly clock: Clock;
  readonly tasks: AppTasks;
  readonly priorityWarnings: PriorityWarnings = new PriorityWarnings((message, fields) =>
    this.log.warn(message, fields),
  );
  readonly producer: BrokerProducer;
  readonly results: ResultSource;
  /** What the calls of this app's tasks go through. */
  readonly sender: CallSender;
  /** What the calls of its schedules go through. */
  readonly scheduled: ScheduledSender;
  readonly schedules: CodeSchedules;
  readonly layers: ConfigurationLayers;
  readonly #givenLog: AppOptions["log"];
  readonly #stores: AppStores;
  readonly #loading = new Once(() => this.#load());
  readonly #scope = new LoadingScope();
  readonly #bound = new Set<TaskBindings>();
  #log: Log | undefined;
  #closing: Promise<void> | undefined;

  /** @throws CONFIGURATION_INVALID */
  constructor(options: AppOptions) {
    this.layers = new ConfigurationLayers(options);
    this.clock = options.clock ?? systemClock;
    this.#givenLog = options.log;
    this.#stores = new AppStores({ configuration: () => this.configuration, opening: () => this.#opening() });
    this.tasks = new AppTasks(() => this.configuration);
    this.producer = this.createProducer(this);
    this.results = new ResultSource(this);
    this.sender = this.#createSender();
    this.schedules = new CodeSchedules(() => this.configuration.schedules);
    this.scheduled = new ScheduledSender((task, args, callOptions) =>
      this.sender.send(this.tasks.declarationOf(task) ?? declareRemoteTask(task), args, callOptions),
    );
    this.#bindAll(this.configuration.tasks);
  }

  /** What holds now; final once the app is ready. */
  get configuration(): Configuration {
    return this.layers.configuration;
  }

  get name(): string {
    return this.configuration.name;
  }

  get settings(): RuntimeSettings {
    return this.configuration.settings;
  }

  get log(): Log {
    const { name, logLevel: level } = this.configuration;
    return (this.#log ??= openLog({ ...this.layers.logForm, name, level, clock: this.clock, given: this.#givenLog }));
  }

  get isReady(): boolean {
    return this.#loading.isDone && this.#closing === undefined;
  }

  /** Whether its broker or backend is open, or being opened. */
  get isConnected(): boolean {
    return this.#stores.isBegun;
  }

  async ready(): Promise<void> {
    if (this.#closing !== undefined) throw new ClosedError(`App "${this.name}" is closed.`);
    if (this.#loading.isDone) return;
    const loaded = this.#loading.run();
    await (this.#scope.isInside ? this.#notForEver(loaded) : loaded);
  }

  async connection(options: { readonly renewal?: "loop" | "thread" } = {}): Promise<Connection> {
    await this.ready();
    return this.#stores.connection(options.renewal ?? "loop");
  }

  async backend(): Promise<Backend | undefined> {
    await this.ready();
    return this.#stores.backend();
  }

  /** Calls `work` with the tables of each store in turn; opens no store, and makes no tables. @throws CLOSED, and what opening a store throws */
  async eachSchema(work: (tables: StoreTables) => Promise<void>): Promise<void> {
    await this.ready();
    await eachSchema(this.configuration, this.#opening(), work);
  }

  /** Lets go of everything that was opened here; whoever waits for a result gets `CLOSED`. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** A producer with the app's configuration, over the stores of the app or of another. */
  createProducer(stores: Pick<AppRuntime, "backend" | "clock" | "connection">): BrokerProducer {
    return new BrokerProducer({
      clock: stores.clock,
      ready: () => this.ready(),
      isReady: () => this.isReady,
      connection: () => stores.connection(),
      backend: () => stores.backend(),
      settings: () => this.settings,
      queueOf: (task) => this.tasks.queueOf(task),
      priorityWarnings: this.priorityWarnings,
      declarationOf: (queue) => this.#declarationOf(queue),
      warn: (message, fields) => this.log.warn(message, fields),
    });
  }

  #createSender(): CallSender {
    const { producer, results } = this;
    const queueOf = (task: string): string => this.tasks.queueOf(task);
    const canvas = new BrokerCanvasSender({ runtime: this, producer, results, queueOf });
    return new BrokerCallSender({ runtime: this, results, canvas, define: (task) => this.tasks.define(task) });
  }

  #declarationOf(queue: string): QueueDeclaration {
    return this.configuration.queues.get(queue) ?? { name: queue };
  }

  async #load(): Promise<void> {
    const directory = process.cwd();
    await this.layers.load(directory);
    this.tasks.refresh();
    const warning = this.layers.warning();
    if (warning !== undefined) this.log.warn(warning);
    const { tasks, include } = this.configuration;
    this.#bindAll(tasks);
    const globs = tasks.filter((task) => typeof task === "string");
    this.#bindAll(await this.#scope.during(() => loadTasks({ directory, globs, include })));
  }

  /** A module that awaits a call of a task while it is loaded waits for itself. */
  async #notForEver(loaded: Promise<void>): Promise<void> {
    const reason = new ConfigurationError(
      `A module of tasks waits for app "${this.name}", which waits for the module: call no task with \`await\` at a module's top level.`,
    );
    const deadline = this.clock.deadline(loadingWaitMs, { reason });
    try {
      await abortable(loaded, deadline.signal);
    } finally {
      deadline.cancel();
    }
  }

  /** Adds those of the tasks that `defineTask` made; the others belong to their apps. */
  #bindAll(tasks: readonly (string | AnyTask)[]): void {
    for (const task of tasks) {
      const handle = handleOf(task);
      if (handle?.bindings === undefined) continue;
      this.tasks.add(handle.declaration);
      handle.bindings.bind(this.sender);
      this.#bound.add(handle.bindings);
    }
  }

  #opening(): OpeningOptions {
    const places = [
      this.configuration.from,
      this.layers.module,
      process.argv[1],
      process.cwd(),
      fileURLToPath(import.meta.url),
    ];
    return { clock: this.clock, log: this.log, name: this.name, from: places.filter((place) => place !== undefined) };
  }

  async #close(): Promise<void> {
    for (const bindings of this.#bound) bindings.unbind(this.sender);
    this.results.close();
    await this.#loading.end();
    await this.#stores.close();
  }
}
