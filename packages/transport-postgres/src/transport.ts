import { openSchema, postgresTarget, type PostgresTarget } from "@lovage/client-postgres";
import { readDriverUrl, type DriverContext, type DriverOpening, type OpenSchema } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection, type LeaseSettings } from "@lovage/lease-engine";
import { openWithoutApp, type Connection, type TransportDriver, type TransportOpening } from "@lovage/transport";

import { asOpening } from "./errors.ts";
import {
  optionNames,
  postgresTransportOptions,
  type ParsedPostgresOptions,
  type PostgresTransportOptions,
} from "./options.ts";
import { transportSchema } from "./schema/transport-schema.ts";
import { PostgresStore } from "./store.ts";

const urlForm = { schema: postgresTransportOptions, names: optionNames, whose: "the PostgreSQL transport" } as const;

/** The driver for `postgres:` and `postgresql:` URLs; what the runtime finds by the scheme. Its first connection makes the tables, where the role may. */
export const transport: TransportDriver<ParsedPostgresOptions> = {
  schemes: ["postgres", "postgresql"],
  options: postgresTransportOptions,
  async open(opening: TransportOpening<ParsedPostgresOptions>): Promise<Connection> {
    const { target, settings, isPlain } = await readOpening(opening);
    const { clock, log, name } = opening;
    const { maxMessageBytes } = settings;
    const store = new PostgresStore({ target, clock, log, name, maxMessageBytes, isPlain });
    return openLeaseConnection({ store, opening, settings });
  },
  async openSchema(opening: DriverOpening<ParsedPostgresOptions>): Promise<OpenSchema> {
    const { target } = await readOpening(opening);
    const { clock, log, name } = opening;
    const client = { target, clock, log, name: `lovage:${name}`, translate: asOpening };
    return await openSchema(client, transportSchema(target.schema));
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
  return await openWithoutApp(transport, opening, urlForm.whose);
}

interface ReadOpening {
  readonly target: PostgresTarget;
  readonly settings: LeaseSettings;
  readonly isPlain: boolean;
}

async function readOpening(opening: DriverOpening<ParsedPostgresOptions>): Promise<ReadOpening> {
  const { base, options } = await readDriverUrl(opening, urlForm);
  const settings = leaseSettings(options);
  // What is not plain data (a pool, a client, a function, a certificate's context) cannot be sent to a thread.
  const { pool, tls, client, password } = options;
  const isPlain = [pool, tls, client, password].every((each) => each === undefined);
  return { target: postgresTarget(base, options), settings, isPlain };
}
