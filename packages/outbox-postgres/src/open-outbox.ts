import { CheckedSchema, PostgresClient, SchemaPlace, serverFacts, storeSchema } from "@lovage/client-postgres";
import {
  faultLog,
  systemClock,
  type DriverContext,
  type SchemaPlan,
  type SchemaVersions,
  type StoreSchema,
} from "@lovage/foundation";
import type { Connection } from "@lovage/transport";

import type { Database } from "./database.ts";
import { asOpening, asTransport } from "./errors.ts";
import { InboxSweeper } from "./inbox/inbox-sweeper.ts";
import { outboxSettings, type OutboxOptions } from "./options.ts";
import { OutboxedConnection, type OutboxConnection } from "./outbox-connection.ts";
import { Relay } from "./relay/relay.ts";
import { outboxSchema, placeFunctions } from "./schema/outbox-schema.ts";
import { outboxStatements } from "./statements.ts";

/** What {@link openOutbox} opens. */
export interface OutboxOpening extends OutboxOptions, Partial<DriverContext> {
  /** The broker that calls go to in the end. It belongs to the outbox from now on, and is closed with it. */
  readonly broker: Connection;
  /** The database of your transactions, such as `postgres://user:password@localhost:5432/shop`. */
  readonly url: string;
}

/**
 * Puts an outbox before a broker: for `createApp({ broker })`, which leaves it open. `applyAsync(args, { transaction })` writes the call in the transaction; a relay, in this
 * program or another, gives it to the broker after the commit. Workers that open their broker in the same way drop second copies, and may end
 * their tasks by `task.transaction` on this database.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, SCHEMA_VERSION, CONFIGURATION_INVALID, OPTION_INVALID. The broker's connection is left open then.
 */
export async function openOutbox(opening: OutboxOpening): Promise<OutboxConnection> {
  const { broker: inner, url, clock = systemClock, name = "lovage", log = faultLog(name, clock), ...options } = opening;
  const settings = outboxSettings(url, options);
  const { target } = settings;
  const component = outboxSchema(target.schema);
  return await asOpening(async () => {
    let relay: Relay | undefined;
    const onLost = (): void => relay?.lost();
    const client = await PostgresClient.open({ target, clock, log, name: `lovage:${name}:outbox`, onLost });
    try {
      const tables = new CheckedSchema({ component, migrates: target.migrate });
      await tables.open(client);
      await serverFacts(client, clock);
      const place = new SchemaPlace(() => client, target.schema, placeFunctions);
      const database: Database = { client, tables, place, statements: outboxStatements(target.schema), clock, log };
      const own = storeSchema({ component, client: () => client, translate: asTransport });
      const schema = joinSchemas(inner.schema, own);
      relay = settings.relays ? new Relay({ database, connection: inner, settings }) : undefined;
      await relay?.start();
      const sweeper = settings.relays ? undefined : new InboxSweeper({ database, settings });
      return new OutboxedConnection({ inner, database, schema, relay, sweeper });
    } catch (error) {
      await relay?.close(0);
      await client.close();
      throw error;
    }
  });
}

/** The tables of the broker, in its own database, and those of the outbox. The versions told are the outbox's, unless the broker's alone change. */
function joinSchemas(inner: StoreSchema | undefined, own: StoreSchema): StoreSchema {
  if (inner === undefined) return own;
  const both = async (verb: "plan" | "apply", to?: SchemaVersions): Promise<SchemaPlan> => {
    const first = await inner[verb](to);
    const second = await own[verb](to);
    const { from, to: last } = first.statements.length > 0 && second.statements.length === 0 ? first : second;
    return {
      from,
      to: last,
      statements: [
        ...heading("in the database of the broker", first.statements),
        ...heading("in the database of the outbox", second.statements),
      ],
    };
  };
  const components = [...inner.components, ...own.components];
  return { components, plan: (to) => both("plan", to), apply: (to) => both("apply", to) };
}

function heading(text: string, statements: readonly string[]): readonly string[] {
  return statements.map((statement, index) => (index === 0 ? `-- ${text}\n${statement}` : statement));
}
