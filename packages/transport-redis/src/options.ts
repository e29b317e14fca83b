import { redisOptionNames, redisOptions, type RedisOptions } from "@lovage/client-redis";
import { leaseOptions, type LeaseOptions, type ParsedLeaseOptions } from "@lovage/lease-engine";
import { z } from "zod";

/** Options of the Redis transport, beside the URL; most may stand in its query. */
export interface RedisTransportOptions extends LeaseOptions, RedisOptions {}

/** {@link RedisTransportOptions}, checked: durations in ms. */
export interface ParsedRedisOptions extends ParsedLeaseOptions, RedisOptions {}

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const redisTransportOptions: z.ZodType<ParsedRedisOptions, RedisTransportOptions> = z.strictObject({
  ...leaseOptions,
  ...redisOptions,
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = ["lease", "renewal", "sweep", "maxMessageBytes", ...redisOptionNames];
