import { postgresTarget } from "@lovage/client-postgres";
import { OptionError, silentLog, systemClock, validate, type DriverContext, queryOptions } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import {
  optionNames,
  postgresTransportOptions,
  type ParsedPostgresOptions,
  type PostgresTransportOptions,
} from "./options.ts";
import { PostgresStore } from "./store.ts";

/** The driver for `postgres:` and `postgresql:` URLs; what the runtime finds by the scheme. Its first connection makes the tables, where the role may. */
export const transport: TransportDriver<ParsedPostgresOptions> = {
  schemes: ["postgres", "postgresql"],
  options: postgresTransportOptions,
  async open(opening: TransportOpening<ParsedPostgresOptions>): Promise<Connection> {
    const { base, options: query } = queryOptions(opening.url, optionNames);
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...(await parseOptions(query)), ...opening.options };
    const settings = leaseSettings(options);
    const { clock, log, name } = opening;
    const { maxMessageBytes } = settings;
    // What is not plain data (a pool, a client, a certificate's context) cannot be sent to a thread.
    const isPlain = options.pool === undefined && options.tls === undefined && options.client === undefined;
    const target = postgresTarget(base, options);
    const store = new PostgresStore({ target, clock, log, name, maxMessageBytes, isPlain });
    return openLeaseConnection({ store, opening, settings });
  },
};

/** What {@link postgresTransport} opens. */
export interface PostgresTransportOpening
  extends PostgresTransportOptions, Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  /** Such as `postgres://user:password@localhost:5432/shop`. */
  readonly url: string;
}

/**
 * Opens the PostgreSQL transport without an app, or for `createApp({ broker })`, which then leaves it open.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, SCHEMA_VERSION, CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function postgresTransport(opening: PostgresTransportOpening): Promise<Connection> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", onState, ...rest } = opening;
  const options = await parseOptions(rest);
  return transport.open({ url, clock, log, name, options, ...(onState === undefined ? {} : { onState }) });
}

async function parseOptions(given: object): Promise<ParsedPostgresOptions> {
  const checked = await validate(postgresTransportOptions, given);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of the PostgreSQL transport cannot be used: ${checked.issues.join("; ")}.`, {
    field: "options",
  });
}
