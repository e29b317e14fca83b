import { redisOptionNames, redisOptions, type RedisOptions } from "@lovage/client-redis";
import { leaseOptions, type LeaseOptions, type ParsedLeaseOptions } from "@lovage/lease-engine";
import { flagOption, optionsSchema, textOption, type OptionsSchema } from "@lovage/foundation";

/** Options of the Redis transport, beside the URL; most may stand in its query. */
export interface RedisTransportOptions extends LeaseOptions, RedisOptions {
  /** Beginning of Celery's keys and channels, its transport option `global_keyprefix`. @default none */
  readonly globalKeyPrefix?: string | undefined;
  /**
   * Take what Celery's producers send to queues of Lovage's own. Without it only queues that are declared for Celery's workers have lists of Kombu's.
   * @default true
   */
  readonly celeryProducers?: boolean | undefined;
}

/** {@link RedisTransportOptions}, checked: durations in ms. */
export interface ParsedRedisOptions extends ParsedLeaseOptions, RedisOptions {
  readonly globalKeyPrefix?: string | undefined;
  readonly celeryProducers?: boolean | undefined;
}

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const redisTransportOptions: OptionsSchema<RedisTransportOptions, ParsedRedisOptions> = optionsSchema<
  RedisTransportOptions,
  ParsedRedisOptions
>({
  ...leaseOptions,
  ...redisOptions,
  globalKeyPrefix: textOption(/^.{0,256}$/s, "at most 256 characters"),
  celeryProducers: flagOption,
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [
  ...Object.keys(leaseOptions),
  "globalKeyPrefix",
  "celeryProducers",
  ...redisOptionNames,
];
