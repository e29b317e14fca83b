import { ConfigurationError } from "@lovage/foundation";
import type { Cluster, Redis } from "ioredis";
import { z } from "zod";

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
  /** The URL's hosts are nodes of a Redis Cluster. @default false */
  readonly cluster?: boolean | undefined;
  /** Options of `tls.connect`, such as `ca`, for `rediss:` URLs. */
  readonly tls?: object | undefined;
  /** A ready-made client of ioredis. Connections are opened with its settings; it is not used itself, and stays open. */
  readonly client?: ReadyClient | undefined;
  /** Refuse a server that may lose messages (no persistence, eviction) instead of warning. @default false */
  readonly strict?: boolean | undefined;
}

/** The fields of {@link RedisOptions} as zod schemas. */
export interface RedisOptionsShape {
  readonly prefix: z.ZodType<string | undefined, string | undefined>;
  readonly sentinel: z.ZodType<string | undefined, string | undefined>;
  readonly sentinelPassword: z.ZodType<string | undefined, string | undefined>;
  readonly cluster: z.ZodType<boolean | undefined, boolean | undefined>;
  readonly tls: z.ZodType<object | undefined, object | undefined>;
  readonly client: z.ZodType<ReadyClient | undefined, ReadyClient | undefined>;
  readonly strict: z.ZodType<boolean | undefined, boolean | undefined>;
}

const flag = z.preprocess((value) => (value === "true" ? true : value === "false" ? false : value), z.boolean().optional());

/** What both drivers spread into their schema. Text from a URL is accepted as well. */
export const redisOptions: RedisOptionsShape = Object.freeze<RedisOptionsShape>({
  // Braces would choose the slot of every key.
  prefix: z
    .string()
    .regex(/^[\w:./@~+-]{1,64}$/, "must be 1 to 64 of the characters A-Z a-z 0-9 _ : . / @ ~ + -")
    .optional(),
  sentinel: z.string().min(1).optional(),
  sentinelPassword: z.string().min(1).optional(),
  cluster: flag as RedisOptionsShape["cluster"],
  tls: z.custom<object>((value) => typeof value === "object" && value !== null).optional(),
  client: z.custom<ReadyClient>(isReadyClient, "must be a Redis or Cluster of ioredis").optional(),
  strict: flag as RedisOptionsShape["strict"],
});

/** Names of {@link RedisOptions} that may stand in the query of a URL. */
export const redisOptionNames: readonly string[] = ["prefix", "sentinel", "cluster", "strict"];

/** A server, or several that are one, and how to get there. */
export interface RedisTarget extends RedisLocation {
  readonly sentinel?: string;
  readonly sentinelPassword?: string;
  readonly cluster: boolean;
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
  const { sentinel, sentinelPassword, client, tls } = options;
  const cluster = client === undefined ? options.cluster === true : client.isCluster;
  if (cluster && sentinel !== undefined) throw new ConfigurationError("Redis is asked for by Sentinel and as a Cluster: choose one.");
  if (cluster && location.db > 0) throw new ConfigurationError(`Redis Cluster has only database 0, and the URL asks for ${location.db}.`);
  if (location.hosts.length > 1 && !cluster && sentinel === undefined) {
    throw new ConfigurationError(
      "The URL names several hosts: add ?sentinel=<name of the master> for Sentinel or ?cluster=true for a Cluster.",
    );
  }
  return {
    ...location,
    cluster,
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { tlsOptions: tls }),
    ...(client === undefined ? {} : { client }),
  };
}

function isReadyClient(value: unknown): boolean {
  return typeof value === "object" && value !== null && "isCluster" in value && "duplicate" in value;
}
