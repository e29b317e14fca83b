import { parseSqliteUrl } from "@lovage/client-sqlite";
import { OptionError, silentLog, systemClock, validate, type DriverContext, queryOptions } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import {
  optionNames,
  sqliteTransportOptions,
  type ParsedSqliteOptions,
  type SqliteTransportOptions,
} from "./options.ts";
import { SqliteStore } from "./store.ts";

/** The driver for `sqlite:` URLs; what the runtime finds by the scheme. Its first connection makes file and tables. */
export const transport: TransportDriver<ParsedSqliteOptions> = {
  schemes: ["sqlite"],
  options: sqliteTransportOptions,
  async open(opening: TransportOpening<ParsedSqliteOptions>): Promise<Connection> {
    const { base, options: query } = queryOptions(opening.url, optionNames);
    const { path } = parseSqliteUrl(base);
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...(await parseOptions(query)), ...opening.options };
    const settings = leaseSettings(options);
    const { clock, log } = opening;
    const { synchronous = "full" } = options;
    const store = new SqliteStore({ path, clock, log, synchronous, maxMessageBytes: settings.maxMessageBytes });
    return openLeaseConnection({ store, opening, settings });
  },
};

/** What {@link sqliteTransport} opens. */
export interface SqliteTransportOpening
  extends SqliteTransportOptions, Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  /** Such as `sqlite:queue.db`. */
  readonly url: string;
}

/**
 * Opens the SQLite transport without an app, or for `createApp({ broker })`, which then leaves it open.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, SCHEMA_VERSION, CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function sqliteTransport(opening: SqliteTransportOpening): Promise<Connection> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", onState, ...rest } = opening;
  return transport.open({
    url,
    clock,
    log,
    name,
    options: await parseOptions(rest),
    ...(onState === undefined ? {} : { onState }),
  });
}

async function parseOptions(given: object): Promise<ParsedSqliteOptions> {
  const checked = await validate(sqliteTransportOptions, given);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of the SQLite transport cannot be used: ${checked.issues.join("; ")}.`, {
    field: "options",
  });
}
