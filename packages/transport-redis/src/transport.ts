import { redisTarget } from "@lovage/client-redis";
import { readDriverUrl, type DriverContext } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import { openWithoutApp, type Connection, type TransportDriver, type TransportOpening } from "@lovage/transport";

import { optionNames, redisTransportOptions, type ParsedRedisOptions, type RedisTransportOptions } from "./options.ts";
import { RedisStore } from "./store.ts";

const urlForm = { schema: redisTransportOptions, names: optionNames, whose: "the Redis transport" } as const;

/** The driver for `redis:` and `rediss:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedRedisOptions> = {
  schemes: ["redis", "rediss"],
  options: redisTransportOptions,
  async open(opening: TransportOpening<ParsedRedisOptions>): Promise<Connection> {
    const { base, options } = await readDriverUrl(opening, urlForm);
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
  return await openWithoutApp(transport, opening, urlForm.whose);
}
