import { fileSchema, parseSqliteUrl, type Synchronous } from "@lovage/client-sqlite";
import { readDriverUrl, type DriverContext, type DriverOpening, type OpenSchema } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection, type LeaseSettings } from "@lovage/lease-engine";
import { openWithoutApp, type Connection, type TransportDriver, type TransportOpening } from "@lovage/transport";

import { asTransport } from "./errors.ts";
import {
  optionNames,
  sqliteTransportOptions,
  type ParsedSqliteOptions,
  type SqliteTransportOptions,
} from "./options.ts";
import { transportSchema } from "./schema.ts";
import { SqliteStore } from "./store.ts";

const urlForm = { schema: sqliteTransportOptions, names: optionNames, whose: "the SQLite transport" } as const;

/** The driver for `sqlite:` URLs; what the runtime finds by the scheme. Its first connection makes file and tables. */
export const transport: TransportDriver<ParsedSqliteOptions> = {
  schemes: ["sqlite"],
  options: sqliteTransportOptions,
  async open(opening: TransportOpening<ParsedSqliteOptions>): Promise<Connection> {
    const { path, synchronous, settings } = await readOpening(opening);
    const { clock, log } = opening;
    const store = new SqliteStore({ path, clock, log, synchronous, maxMessageBytes: settings.maxMessageBytes });
    return openLeaseConnection({ store, opening, settings });
  },
  async openSchema(opening: DriverOpening<ParsedSqliteOptions>): Promise<OpenSchema> {
    const { path, synchronous } = await readOpening(opening);
    const { clock, log } = opening;
    return fileSchema({ path, clock, log, synchronous, translate: asTransport }, transportSchema);
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
  return await openWithoutApp(transport, opening, urlForm.whose);
}

interface ReadOpening {
  readonly path: string;
  readonly synchronous: Synchronous;
  readonly settings: LeaseSettings;
}

async function readOpening(opening: DriverOpening<ParsedSqliteOptions>): Promise<ReadOpening> {
  const { base, options } = await readDriverUrl(opening, urlForm);
  const { path } = parseSqliteUrl(base);
  return { path, synchronous: options.synchronous ?? "full", settings: leaseSettings(options) };
}
