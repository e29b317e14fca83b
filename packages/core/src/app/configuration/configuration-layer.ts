import type { Backend } from "@lovage/backend";
import {
  checkName,
  ConfigurationError,
  isLovageError,
  parseDuration,
  suggestion,
  withoutUndefined,
} from "@lovage/foundation";
import type { Connection, QueueDeclaration } from "@lovage/transport";
import {
  array,
  boolean,
  custom,
  integer,
  literal,
  maxValue,
  minLength,
  minValue,
  number,
  object,
  optional,
  picklist,
  pipe,
  rawTransform,
  record,
  safeParse,
  string,
  union,
  unknown,
  type BaseIssue,
  type InferOutput,
  type RawTransformContext,
} from "valibot";
import { defineSchedule } from "../../beat/definition/schedule-definition.ts";
import type { ScheduleDefinition } from "../../beat/definition/schedule-definition.ts";
import { TimeZone } from "../../beat/schedule/time-zone.ts";
import { logLevels } from "../../log/log-level.ts";
import type { LogLevel } from "../../log/log-level.ts";
import type { AnyTask } from "../any-task.ts";
import type { AppOptions, QueueOptions, Routes } from "../app-options.ts";
import { handleOf } from "../task-handle.ts";
import { resolveTaskOptions } from "../resolve-task-options.ts";
import { readAcceptContent } from "./read-accept-content.ts";
import { readSource } from "./source.ts";
import type { Source } from "./source.ts";
import type { TaskOptions } from "../task-options.ts";

/** What one layer of the configuration says, checked. Durations are milliseconds. */
export interface ConfigurationLayer {
  readonly name?: string | undefined;
  readonly broker?: Source<Connection> | undefined;
  readonly backend?: Source<Backend> | undefined;
  readonly coordination?: Source<Backend> | undefined;
  readonly defaultQueue?: string | undefined;
  readonly queues?: ReadonlyMap<string, QueueDeclaration> | undefined;
  readonly routes?: Routes | undefined;
  readonly tasks?: readonly (string | AnyTask)[] | undefined;
  readonly include?: readonly string[] | undefined;
  readonly taskDefaults?: TaskOptions | undefined;
  readonly schedules?: ReadonlyMap<string, ScheduleDefinition> | undefined;
  readonly maxDeliveries?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly prefetch?: number | "auto" | undefined;
  readonly shutdownGrace?: number | undefined;
  readonly unknownTaskTtl?: number | undefined;
  readonly maxPayloadBytes?: number | undefined;
  readonly acceptContent?: readonly string[] | undefined;
  readonly timezone?: string | undefined;
  readonly from?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
}

const durationMs = (field: string, min = 0) => checked((value) => parseDuration(value, { field, min }));
const queueName = checked((value) => checkName(value, { kind: "queue" }));
const wholeNumber = (min: number, max: number) => pipe(number(), integer(), minValue(min), maxValue(max));
const backendSource = (field: string) => checked((value) => readSource<Backend>(value, field, ["sweep", "close"]));
const objectWith = (method: string, what: string) =>
  custom((value) => typeof Reflect.get(Object(value) as object, method) === "function", `expected ${what}`);
const notEmpty = pipe(string(), minLength(1));

const queueFields = {
  consumers: optional(picklist(["lovage", "celery", "mixed"])),
  fairness: optional(boolean()),
  priorities: optional(boolean()),
  deadLetterRetention: optional(durationMs("deadLetterRetention", 1)),
  driver: optional(record(string(), unknown())),
} satisfies Record<keyof QueueOptions, unknown>;

const queueOptions = object(queueFields);

const fields = {
  name: optional(checked((value) => checkName(value, { kind: "app" }))),
  broker: optional(checked((value) => readSource<Connection>(value, "broker", ["publish", "consume"]))),
  backend: optional(backendSource("backend")),
  coordination: optional(backendSource("coordination")),
  defaultQueue: optional(queueName),
  queues: optional(pipe(record(string(), queueOptions), rawTransform(toDeclarations))),
  routes: optional(checked(checkRoutes)),
  tasks: optional(checked(checkTasks)),
  include: optional(array(notEmpty)),
  taskDefaults: optional(checked(checkTaskDefaults)),
  schedules: optional(checked(checkSchedules)),
  maxDeliveries: optional(wholeNumber(1, 1_000)),
  concurrency: optional(wholeNumber(1, 10_000)),
  prefetch: optional(
    union([wholeNumber(1, 100_000), literal("auto")], 'expected a whole number from 1 to 100000, or "auto"'),
  ),
  shutdownGrace: optional(durationMs("shutdownGrace")),
  unknownTaskTtl: optional(durationMs("unknownTaskTtl")),
  maxPayloadBytes: optional(wholeNumber(1, 2 ** 30)),
  acceptContent: optional(checked(readAcceptContent)),
  timezone: optional(checked((value) => TimeZone.of(value).name)),
  from: optional(notEmpty),
  log: optional(objectWith("child", "a log with debug, info, warn, error and child, such as pino's")),
  logLevel: optional(picklist(logLevels)),
  clock: optional(objectWith("monotonic", "a clock, such as virtualClock() of @lovage/testing")),
} satisfies Record<keyof AppOptions, unknown>;

const schema = object(fields);

/** Where a layer's values stand. */
export interface LayerPlace {
  /** For the error: `createApp`, or a file. */
  readonly from: string;
  /** What an option is called there. @default its own name */
  readonly nameOf?: (option: string) => string;
  /** Options that only `createApp` takes. @default none: it is `createApp` */
  readonly without?: readonly (keyof AppOptions)[];
}

/**
 * Checks what one layer says.
 * @throws CONFIGURATION_INVALID that tells every fault, with a suggestion for an unknown option
 */
export function readConfigurationLayer(
  values: unknown,
  { from, nameOf = String, without = [] }: LayerPlace,
): ConfigurationLayer {
  const misplaced = without
    .filter((option) => fieldsOf(values)[option] !== undefined)
    .map((option) => `${option} is taken from createApp alone: move it there.`);
  // An option that nobody knows explains most other faults, so it is told first.
  const unusable = [...unknownOptions(values, nameOf("queues")), ...misplaced];
  const { success, output, issues = [] } = safeParse(schema, values);
  if (success && unusable.length === 0) return output;
  const faults = [...unusable, ...issues.map((issue) => describe(issue, nameOf))];
  throw new ConfigurationError(`The options of ${from} are not valid. ${faults.join(" ")}`);
}

function unknownOptions(values: unknown, queuesName: string): readonly string[] {
  const queues = Object.entries(fieldsOf(fieldsOf(values)["queues"]));
  return [
    ...unknownNames(values, fields).map((name) => unknownOption("", name, fields)),
    ...queues.flatMap(([name, options]) =>
      unknownNames(options, queueFields).map((option) => unknownOption(`${queuesName}.${name}.`, option, queueFields)),
    ),
  ];
}

function unknownOption(place: string, name: string, known: object): string {
  return `Unknown option "${place}${name}".${suggestion(name, Object.keys(known))}`;
}

function unknownNames(values: unknown, known: object): readonly string[] {
  return Object.keys(fieldsOf(values)).filter((name) => !Object.hasOwn(known, name));
}

function fieldsOf(values: unknown): Readonly<Record<string, unknown>> {
  return typeof values === "object" && values !== null ? (values as Record<string, unknown>) : {};
}

function describe(issue: BaseIssue<unknown>, nameOf: (option: string) => string): string {
  const [option, ...inside] = (issue.path ?? []).map(({ key }) => String(key));
  const place = option === undefined ? "" : `${[nameOf(option), ...inside].join(".")}: `;
  return `${place}${issue.message.replace(/\.?$/, ".")}`;
}

/** A check that throws an error of ours, as a check of the schema. */
function checked<Out>(check: (value: unknown) => Out) {
  return pipe(
    unknown(),
    rawTransform<unknown, Out>(({ dataset: { value }, addIssue, NEVER }) => {
      try {
        return check(value);
      } catch (error) {
        if (!isLovageError(error)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );
}

function toDeclarations({
  dataset: { value: queues },
  addIssue,
}: RawTransformContext<Record<string, InferOutput<typeof queueOptions>>>): ReadonlyMap<string, QueueDeclaration> {
  const declarations = Object.entries(queues).map(
    ([name, { deadLetterRetention, ...options }]): [string, QueueDeclaration] => {
      return [name, { name, ...withoutUndefined({ ...options, deadLetterRetentionMs: deadLetterRetention }) }];
    },
  );
  for (const [name] of declarations) {
    const { issues } = safeParse(queueName, name);
    if (issues !== undefined) addIssue({ message: issues[0].message });
  }
  return new Map(declarations);
}

function checkRoutes(value: unknown): Routes {
  if (typeof value === "function") return value as Routes;
  const { success, output } = safeParse(record(string(), string()), value);
  if (!success) throw new ConfigurationError("expected an object from task names or globs to queues, or a function.");
  for (const queue of Object.values(output)) checkName(queue, { kind: "queue" });
  return output;
}

function checkTasks(value: unknown): readonly (string | AnyTask)[] {
  const tasks: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isOne = (task: unknown): task is string | AnyTask =>
    typeof task === "string" || (Array.isArray(value) && handleOf(task) !== undefined);
  if (tasks.every(isOne)) return tasks;
  throw new ConfigurationError("expected a glob, or an array of globs and tasks.");
}

function checkSchedules(value: unknown): ReadonlyMap<string, ScheduleDefinition> {
  if (typeof value !== "object" || value === null)
    throw new ConfigurationError("expected an object from names to schedules.");
  return new Map(Object.entries(value).map(([name, options]) => [name, defineSchedule(name, options)]));
}

function checkTaskDefaults(value: unknown): TaskOptions {
  if (typeof value !== "object" || value === null)
    throw new ConfigurationError("expected an object with options of tasks.");
  resolveTaskOptions(value);
  return value;
}
