import type { RuntimeSettings } from "../app-runtime.ts";
import type { Configuration } from "./configuration.ts";
import type { ConfigurationLayer } from "./configuration-layer.ts";

/** The embedded store that is used when an app is told of no other. */
const embedded = { locations: [{ url: "sqlite:.lovage/queue.db" }] } as const;

/** What no layer need say. */
const defaults = {
  name: "lovage",
  broker: embedded,
  queues: new Map(),
  routes: {},
  tasks: [],
  include: [],
  taskDefaults: {},
  schedules: new Map(),
  logLevel: "info",
  defaultQueue: "default",
  maxDeliveries: 3,
  concurrency: 10,
  prefetch: "auto",
  shutdownGrace: 25_000,
  unknownTaskTtl: 3_600_000,
  maxPayloadBytes: 262_144,
  acceptContent: ["application/json"],
  timezone: "UTC",
} as const satisfies ConfigurationLayer;

type Resolved = { readonly [Key in keyof ConfigurationLayer]-?: Exclude<ConfigurationLayer[Key], undefined> };
/** What may stay unsaid. */
type Optional = "backend" | "coordination" | "from";
type Merged = Omit<Resolved, Optional> & Pick<ConfigurationLayer, Optional>;

/** One configuration out of many layers, the highest first. Each value is the one of the highest layer that has it. */
export function resolveConfiguration(layers: readonly ConfigurationLayer[]): Configuration {
  const given = mergeLayers(layers);
  const merged = { ...defaults, ...given } as Merged;
  const { name, broker, queues, routes, tasks, include, taskDefaults, schedules, logLevel } = merged;
  const { backend, coordination, from } = given;
  const hasNeither = given.broker === undefined && backend === undefined;
  return {
    name,
    broker,
    queues,
    routes,
    tasks,
    include,
    taskDefaults,
    schedules,
    logLevel,
    coordination,
    from,
    backend: hasNeither ? embedded : backend,
    settings: settingsOf(merged),
  };
}

function settingsOf({ shutdownGrace, unknownTaskTtl, ...merged }: Merged): RuntimeSettings {
  const { defaultQueue, maxDeliveries, concurrency, prefetch, maxPayloadBytes, acceptContent, timezone } = merged;
  return {
    defaultQueue,
    maxDeliveries,
    concurrency,
    prefetch,
    maxPayloadBytes,
    acceptContent,
    timezone,
    shutdownGraceMs: shutdownGrace,
    unknownTaskTtlMs: unknownTaskTtl,
  };
}

function mergeLayers(layers: readonly ConfigurationLayer[]): ConfigurationLayer {
  const given = layers.map((layer) => Object.entries(layer).filter(([, value]) => value !== undefined));
  return Object.fromEntries(given.toReversed().flat()) as ConfigurationLayer;
}
