import type { Backend } from "@lovage/backend";
import { checkName, ConfigurationError, isLovageError, parseDuration } from "@lovage/foundation";
import type { Connection, QueueDeclaration } from "@lovage/transport";
import { z } from "zod";
import { logLevels } from "../../log/log-level.ts";
import type { LogLevel } from "../../log/log-level.ts";
import type { AnyTask, AppOptions, QueueOptions, Routes } from "../app-options.ts";
import { handleOf } from "../task-handle.ts";
import { suggestion } from "./nearest-name.ts";
import { resolveTaskOptions } from "../resolve-task-options.ts";
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
  readonly maxDeliveries?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly prefetch?: number | "auto" | undefined;
  readonly shutdownGrace?: number | undefined;
  readonly unknownTaskTtl?: number | undefined;
  readonly maxPayloadBytes?: number | undefined;
  readonly acceptContent?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
}

const durationMs = (field: string, min = 0) => checked((value) => parseDuration(value, { field, min }));
const queueName = checked((value) => checkName(value, { kind: "queue" }));
const wholeNumber = (min: number, max: number) => z.number().int().min(min).max(max);
const backendSource = (field: string) => checked((value) => readSource<Backend>(value, field, ["sweep", "close"]));
const objectWith = (method: string) =>
  z.custom((value) => typeof Reflect.get(Object(value) as object, method) === "function");

const queueOptions = z.strictObject({
  consumers: z.enum(["lovage", "celery", "mixed"]).optional(),
  fairness: z.boolean().optional(),
  priorities: z.boolean().optional(),
  deadLetterRetention: durationMs("deadLetterRetention", 1).optional(),
  driver: z.record(z.string(), z.unknown()).optional(),
} satisfies Record<keyof QueueOptions, unknown>);

const oneTask = z.union([z.string(), z.custom<AnyTask>((value) => handleOf(value) !== undefined)], {
  error: "expected a glob or a task",
});

const schema = z.strictObject({
  name: checked((value) => checkName(value, { kind: "app" })).optional(),
  broker: checked((value) => readSource<Connection>(value, "broker", ["publish", "consume"])).optional(),
  backend: backendSource("backend").optional(),
  coordination: backendSource("coordination").optional(),
  defaultQueue: queueName.optional(),
  queues: z.record(z.string(), queueOptions).transform(toDeclarations).optional(),
  routes: checked(checkRoutes).optional(),
  tasks: z
    .union([z.string().transform((glob) => [glob]), z.array(oneTask)], {
      error: "expected a glob, or an array of globs and tasks",
    })
    .optional(),
  include: z.array(z.string().min(1)).optional(),
  taskDefaults: checked(checkTaskDefaults).optional(),
  maxDeliveries: wholeNumber(1, 1_000).optional(),
  concurrency: wholeNumber(1, 10_000).optional(),
  prefetch: z
    .union([wholeNumber(1, 100_000), z.literal("auto")], {
      error: 'expected a whole number from 1 to 100000, or "auto"',
    })
    .optional(),
  shutdownGrace: durationMs("shutdownGrace").optional(),
  unknownTaskTtl: durationMs("unknownTaskTtl").optional(),
  maxPayloadBytes: wholeNumber(1, 2 ** 30).optional(),
  acceptContent: z.array(z.string().min(1)).min(1).optional(),
  from: z.string().min(1).optional(),
  log: objectWith("child").optional(),
  logLevel: z.enum(logLevels).optional(),
  clock: objectWith("monotonic").optional(),
} satisfies Record<keyof AppOptions, unknown>);

/** All options there are, for suggestions. */
const optionNames: readonly string[] = Object.keys(schema.shape);

/** Where a layer's values stand. */
export interface LayerPlace {
  /** For the error: `createApp`, or a file. */
  readonly from: string;
  /** What an option is called there. @default its own name */
  readonly nameOf?: (option: string) => string;
}

/**
 * Checks what one layer says.
 * @throws CONFIGURATION_INVALID that tells every fault, with a suggestion for an unknown option
 */
export function readConfigurationLayer(values: unknown, { from, nameOf = String }: LayerPlace): ConfigurationLayer {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  // An option that nobody knows explains most other faults, so it is told first.
  const issues = result.error.issues.toSorted((a, b) => rank(a) - rank(b));
  const faults = issues.map((issue) => describe(issue, nameOf));
  throw new ConfigurationError(`The options of ${from} are not valid. ${faults.join(" ")}`);
}

function rank(issue: z.core.$ZodIssue): number {
  return issue.code === "unrecognized_keys" ? 0 : 1;
}

function describe(issue: z.core.$ZodIssue, nameOf: (option: string) => string): string {
  const [option, ...inside] = issue.path.map(String);
  const place = option === undefined ? "" : [nameOf(option), ...inside].join(".");
  if (issue.code !== "unrecognized_keys")
    return `${place === "" ? "" : `${place}: `}${issue.message.replace(/\.?$/, ".")}`;
  const known = place === "" ? optionNames : Object.keys(queueOptions.shape);
  const unknown = issue.keys.map(
    (key) => `Unknown option "${place === "" ? "" : `${place}.`}${key}".${suggestion(key, known)}`,
  );
  return unknown.join(" ");
}

/** A check that throws an error of ours, as a check of zod. */
function checked<Out>(check: (value: unknown) => Out) {
  return z.unknown().transform((value, context): Out => {
    try {
      return check(value);
    } catch (error) {
      if (!isLovageError(error)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
}

function toDeclarations(
  queues: Record<string, z.output<typeof queueOptions>>,
  context: z.RefinementCtx,
): ReadonlyMap<string, QueueDeclaration> {
  const declarations = Object.entries(queues).map(
    ([name, { deadLetterRetention, ...options }]): [string, QueueDeclaration] => {
      const given = { ...options, deadLetterRetentionMs: deadLetterRetention };
      const set = Object.entries(given).filter(([, value]) => value !== undefined);
      return [name, { name, ...Object.fromEntries(set) }];
    },
  );
  for (const [name] of declarations) {
    const { error } = queueName.safeParse(name);
    if (error !== undefined) context.addIssue({ code: "custom", message: error.issues[0]?.message ?? name });
  }
  return new Map(declarations);
}

function checkRoutes(value: unknown): Routes {
  if (typeof value === "function") return value as Routes;
  const record = z.record(z.string(), z.string()).safeParse(value);
  if (!record.success)
    throw new ConfigurationError("expected an object from task names or globs to queues, or a function.");
  for (const queue of Object.values(record.data)) checkName(queue, { kind: "queue" });
  return record.data;
}

function checkTaskDefaults(value: unknown): TaskOptions {
  if (typeof value !== "object" || value === null)
    throw new ConfigurationError("expected an object with options of tasks.");
  resolveTaskOptions(value);
  return value;
}
