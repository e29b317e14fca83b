import { ConfigurationError } from "@lovage/foundation";
import type { Redis } from "ioredis";
import { z } from "zod";

import { parseRedisUrl, type RedisLocation } from "./redis-url.ts";

/** A client of the user's own, whose settings are taken over. */
export type ReadyClient = Redis;

/** Where Redis is, beside what the URL says. */
export interface RedisOptions {
  /** Beginning of all keys and channels of Lovage. @default "lovage" */
  readonly prefix?: string | undefined;
  /** Name of the master that Sentinel watches; the URL's hosts are then those of the sentinels. */
  readonly sentinel?: string | undefined;
  /** Password of the sentinels themselves. */
  readonly sentinelPassword?: string | undefined;
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
  readonly tls: z.ZodType<object | undefined, object | undefined>;
  readonly client: z.ZodType<ReadyClient | undefined, ReadyClient | undefined>;
  readonly strict: z.ZodType<boolean | undefined, boolean | undefined>;
}

const flag = z.preprocess(
  (value) => (value === "true" ? true : value === "false" ? false : value),
  z.boolean().optional(),
);

/** What both drivers spread into their schema. Text from a URL is accepted as well. */
export const redisOptions: RedisOptionsShape = Object.freeze<RedisOptionsShape>({
  // Braces would choose the slot of every key.
  prefix: z
    .string()
    .regex(/^[\w:./@~+-]{1,64}$/, "must be 1 to 64 of the characters A-Z a-z 0-9 _ : . / @ ~ + -")
    .optional(),
  sentinel: z.string().min(1).optional(),
  sentinelPassword: z.string().min(1).optional(),
  tls: z.custom<object>((value) => typeof value === "object" && value !== null).optional(),
  client: z.custom<ReadyClient>(isReadyClient, "must be a Redis of ioredis, not a Cluster").optional(),
  strict: flag as RedisOptionsShape["strict"],
});

/** Names of {@link RedisOptions} that may stand in the query of a URL. */
export const redisOptionNames: readonly string[] = ["prefix", "sentinel", "strict"];

/** A server, or several that are one, and how to get there. */
export interface RedisTarget extends RedisLocation {
  readonly sentinel?: string;
  readonly sentinelPassword?: string;
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
  if (location.hosts.length > 1 && sentinel === undefined) {
    throw new ConfigurationError(
      "The URL names several hosts: add ?sentinel=<name of the master> for Sentinel. Redis Cluster cannot be used yet.",
    );
  }
  return {
    ...location,
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { tlsOptions: tls }),
    ...(client === undefined ? {} : { client }),
  };
}

function isReadyClient(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "duplicate" in value && Reflect.get(value, "isCluster") !== true
  );
}
