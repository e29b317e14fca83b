import { ConfigurationError, quoteValue } from "@lovage/foundation";
import type { AsyncResult } from "../result/async-result.ts";
import type { App } from "./app.ts";
import type { AppCore } from "./app-core.ts";
import type { AppRuntime } from "./app-runtime.ts";
import type { CallOptions } from "./call-options.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { Flags } from "./configuration/configuration-layers.ts";
import type { StoreTables } from "./store-schemas.ts";
import { declareRemoteTask } from "./task-declaration.ts";

/** Registered, so that an app of another copy of this package is known as one. */
const key = Symbol.for("lovage.app");

/** Lets {@link runtimeOf} find the inside of an app. */
export function attachCore(app: App, core: AppCore): void {
  Object.defineProperty(app, key, { value: core });
}

/** Whether a value is an app. */
export function isApp(value: unknown): value is App {
  return typeof value === "object" && value !== null && Reflect.has(value, key);
}

/** An app from the inside. @throws CONFIGURATION_INVALID for what is no app */
export function runtimeOf(app: App): AppRuntime {
  return coreOf(app);
}

/** Puts the command line above an app's other configuration. Call it before the app is `ready`. @throws CONFIGURATION_INVALID */
export function overrideConfiguration(app: App, flags: Flags): void {
  const core = coreOf(app);
  const { broker, backend } = flags.options ?? {};
  if (core.isConnected && (broker !== undefined || backend !== undefined)) {
    throw new ConfigurationError(
      `App "${core.name}" is connected while its module is loaded, so --broker and --result-backend come too late: use the app within functions, not at the module's top level.`,
    );
  }
  core.layers.override(flags);
}

/**
 * An app's inside as another process with the same program would have it: the same configuration and tasks, with time, connection and backend of its
 * own. Whoever makes it closes those. @throws CONFIGURATION_INVALID for what is no app
 */
export function siblingRuntime(
  app: App,
  { clock, connection, backend }: Pick<AppRuntime, "backend" | "clock" | "connection">,
): AppRuntime {
  const core = coreOf(app);
  const producer = core.createProducer({ clock, connection, backend });
  const { name, settings, log, tasks, priorityWarnings } = core;
  return {
    name,
    settings,
    log,
    tasks,
    priorityWarnings,
    clock,
    connection,
    backend,
    producer,
    ready: () => core.ready(),
    get isReady() {
      return core.isReady;
    },
  };
}

/** What an app was told; final once it is ready. @throws CONFIGURATION_INVALID for what is no app */
export function configurationOf(app: App): Configuration {
  return coreOf(app).configuration;
}

/** Calls `work` with the tables of each store of an app in turn, without opening the store. @throws what opening it throws */
export function eachSchemaOf(app: App, work: (tables: StoreTables) => Promise<void>): Promise<void> {
  return coreOf(app).eachSchema(work);
}

/** A call of a task that is known by its name alone. */
export interface NamedCall {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly options: CallOptions;
}

/** Sends a call by name: with the task's options and schema where the app knows it, else as a call of a task that lives elsewhere. */
export function callByName(app: App, { task, args, options }: NamedCall): Promise<AsyncResult<unknown>> {
  const { tasks, sender } = coreOf(app);
  return sender.send(tasks.declarationOf(task) ?? declareRemoteTask(task), args, options);
}

function coreOf(app: App): AppCore {
  if (isApp(app)) return Reflect.get(app, key) as AppCore;
  throw new ConfigurationError(`Expected an app made by createApp, got ${quoteValue(app)}.`);
}
