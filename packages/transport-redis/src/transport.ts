import { redisTarget } from "@lovage/client-redis";
import { OptionError, silentLog, systemClock, validate, type DriverContext, queryOptions } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import { optionNames, redisTransportOptions, type ParsedRedisOptions, type RedisTransportOptions } from "./options.ts";
import { RedisStore } from "./store.ts";

/** The driver for `redis:` and `rediss:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedRedisOptions> = {
  schemes: ["redis", "rediss"],
  options: redisTransportOptions,
  async open(opening: TransportOpening<ParsedRedisOptions>): Promise<Connection> {
    const { base, options: query } = queryOptions(opening.url, optionNames);
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...(await parseOptions(query)), ...opening.options };
    const settings = leaseSettings(options);
    const { prefix = "lovage", globalKeyPrefix = "", celeryProducers = true, strict = false } = options;
    const { clock, log, name } = opening;
    const { maxMessageBytes } = settings;
    const store = new RedisStore({
      target: redisTarget(base, options),
      prefix,
      globalKeyPrefix,
      celeryProducers,
      clock,
      log,
      name,
      maxMessageBytes,
      strict,
    });
    return openLeaseConnection({ store, opening, settings });
  },
};

/** What {@link redisTransport} opens. */
export interface RedisTransportOpening
  extends RedisTransportOptions, Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  /** Such as `redis://localhost:6379/0`. */
  readonly url: string;
}

/**
 * Opens the Redis transport without an app, or for `createApp({ broker })`, which then leaves it open.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function redisTransport(opening: RedisTransportOpening): Promise<Connection> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", onState, ...rest } = opening;
  const options = await parseOptions(rest);
  return transport.open({ url, clock, log, name, options, ...(onState === undefined ? {} : { onState }) });
}

async function parseOptions(given: object): Promise<ParsedRedisOptions> {
  const checked = await validate(redisTransportOptions, given);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of the Redis transport cannot be used: ${checked.issues.join("; ")}.`, {
    field: "options",
  });
}
