import type { Backend } from "@lovage/backend";
import type { Connection, QueueDeclaration } from "@lovage/transport";
import type { ScheduleDefinition } from "../../beat/definition/schedule-definition.ts";
import type { LogLevel } from "../../log/log-level.ts";
import type { AnyTask } from "../any-task.ts";
import type { Routes } from "../app-options.ts";
import type { RuntimeSettings } from "../app-runtime.ts";
import type { Source } from "./source.ts";
import type { TaskOptions } from "../task-options.ts";

/** Everything an app was told, checked, from all its layers, with the defaults filled in. */
export interface Configuration {
  readonly name: string;
  readonly broker: Source<Connection>;
  readonly backend: Source<Backend> | undefined;
  readonly coordination: Source<Backend> | undefined;
  /** Queues with options of their own. */
  readonly queues: ReadonlyMap<string, QueueDeclaration>;
  readonly routes: Routes;
  readonly tasks: readonly (string | AnyTask)[];
  readonly include: readonly string[];
  readonly taskDefaults: TaskOptions;
  readonly schedules: ReadonlyMap<string, ScheduleDefinition>;
  /** Where driver packages are looked for first. */
  readonly from: string | undefined;
  readonly logLevel: LogLevel;
  readonly settings: RuntimeSettings;
}
