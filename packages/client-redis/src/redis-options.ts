import {
  ConfigurationError,
  flagOption,
  objectOption,
  textOption,
  wholeNumberOption,
  type OptionSchema,
} from "@lovage/foundation";
import type { Cluster, Redis } from "ioredis";

import { parseRedisUrl, type RedisLocation } from "./redis-url.ts";

/** A client of the user's own, whose settings are taken over. */
export type ReadyClient = Redis | Cluster;

/** Where Redis is, beside what the URL says. */
export interface RedisOptions {
  /** Beginning of all keys and channels of Lovage. @default "lovage" */
  readonly prefix?: string | undefined;
  /** Name of the master that Sentinel watches; the URL's hosts are then those of the sentinels. */
  readonly sentinel?: string | undefined;
  /** Password of the sentinels themselves. */
  readonly sentinelPassword?: string | undefined;
  /** The URL's hosts are nodes of a Redis Cluster; any of them tells of the others. @default false; `true` with a ready-made `Cluster` */
  readonly cluster?: boolean | undefined;
  /**
   * How many replicas must have a message or a result before it counts as accepted (Redis' `WAIT`): with 1, a failover loses nothing that one replica
   * had. @default 0
   */
  readonly wait?: number | undefined;
  /** Options of `tls.connect`, such as `ca`, for `rediss:` URLs. */
  readonly tls?: object | undefined;
  /** A ready-made `Redis` or `Cluster` of ioredis. Connections are opened with its settings; it is not used itself, and stays open. */
  readonly client?: ReadyClient | undefined;
  /** Refuse a server that may lose messages (no persistence, eviction) instead of warning. @default false */
  readonly strict?: boolean | undefined;
}

/** The fields of {@link RedisOptions}. */
export type RedisOptionsShape = {
  readonly [Name in keyof RedisOptions]-?: OptionSchema<NonNullable<RedisOptions[Name]>>;
};

/** What both drivers spread into their schema. Text from a URL is accepted as well. */
export const redisOptions: RedisOptionsShape = Object.freeze<RedisOptionsShape>({
  // Braces would choose the slot of every key.
  prefix: textOption(/^[\w:./@~+-]{1,64}$/, "1 to 64 of the characters A-Z a-z 0-9 _ : . / @ ~ + -"),
  sentinel: textOption(),
  sentinelPassword: textOption(),
  cluster: flagOption,
  wait: wholeNumberOption({ min: 0, max: 100 }),
  tls: objectOption<object>(),
  client: objectOption<ReadyClient>(isReadyClient, "a Redis or a Cluster of ioredis"),
  strict: flagOption,
});

/** Names of {@link RedisOptions} that may stand in the query of a URL. */
export const redisOptionNames: readonly string[] = ["prefix", "sentinel", "cluster", "wait", "strict"];

/** A server, or several that are one, and how to get there. */
export interface RedisTarget extends RedisLocation {
  readonly sentinel?: string;
  readonly sentinelPassword?: string;
  readonly isCluster: boolean;
  /** How many replicas must have what is written for good. */
  readonly replicas: number;
  readonly tlsOptions?: object;
  readonly client?: ReadyClient;
}

/**
 * What a URL and the options beside it say together.
 * @param base The URL without its query.
 * @throws CONFIGURATION_INVALID
 */
export function redisTarget(base: string, options: RedisOptions): RedisTarget {
  const location = parseRedisUrl(base);
  const { sentinel, sentinelPassword, client, tls, wait = 0 } = options;
  const isCluster = options.cluster ?? client?.isCluster ?? false;
  checkTopology(location, { ...options, cluster: isCluster });
  return {
    ...location,
    ...(client === undefined ? {} : placeOf(client)),
    isCluster,
    replicas: wait,
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { tlsOptions: tls }),
    ...(client === undefined ? {} : { client }),
  };
}

function checkTopology(
  { hosts, db, tls }: RedisLocation,
  { sentinel, cluster, client, tls: options }: RedisOptions,
): void {
  const faults: readonly (readonly [isThere: boolean, text: string])[] = [
    [
      hosts.length > 1 && sentinel === undefined && cluster !== true,
      "the URL names several hosts. Add ?sentinel=<name of the master> for Sentinel, or ?cluster=true for Redis Cluster.",
    ],
    [sentinel !== undefined && cluster === true, "sentinel and cluster exclude each other. Remove one."],
    [cluster === true && db !== 0, `a Redis Cluster has only database 0, and the URL names ${db}.`],
    [cluster === false && client?.isCluster === true, "cluster is false, and client is a Cluster. Remove cluster."],
    [options !== undefined && !tls, "tls is given, and the URL does not ask for TLS. Write rediss: instead of redis:."],
  ];
  const found = faults.find(([isThere]) => isThere);
  if (found !== undefined) throw new ConfigurationError(`The options of Redis do not fit together: ${found[1]}`);
}

/** Whether a target can be sent to a thread: a client and functions (`checkServerIdentity`) cannot. */
export function isPlainTarget({ client, tlsOptions }: RedisTarget): boolean {
  if (client !== undefined) return false;
  try {
    structuredClone(tlsOptions);
    return true;
  } catch {
    // The platform's own answer: it has no other question for this.
    return false;
  }
}

/** Tells the two kinds of ready-made clients apart. */
export function isClusterClient(client: ReadyClient): client is Cluster {
  return client.isCluster;
}

function isReadyClient(value: object): boolean {
  return "duplicate" in value && "isCluster" in value;
}

/** Where a ready-made client leads, for messages and names; for a cluster the nodes that it knows, or those that it was made with. */
function placeOf(client: ReadyClient): Pick<RedisTarget, "hosts" | "db"> {
  const clients = isClusterClient(client) ? client.nodes() : [client];
  const [first, ...others] = clients.map(({ options: { host = "localhost", port = 6379 } }) => ({ host, port }));
  if (first === undefined) {
    throw new ConfigurationError("The Cluster of ioredis that was given knows no node yet. Connect it first.");
  }
  return { hosts: [first, ...others], db: isClusterClient(client) ? 0 : (client.options.db ?? 0) };
}
