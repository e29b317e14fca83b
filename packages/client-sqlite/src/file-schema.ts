import { existsSync } from "node:fs";

import { SchemaVersionError, type OpenSchema, type SchemaPlan, type SchemaVersions } from "@lovage/foundation";

import { openSqlite, type SqliteOpening } from "./open-sqlite.ts";
import { applySchema, planNewFile, planSchema, type SchemaComponent, type SchemaRefusal } from "./schema.ts";
import { SqliteConnection } from "./sqlite-connection.ts";

/** How a component's tables are reached without the driver that works with them. */
export interface FileSchemaOpening extends SqliteOpening {
  /** Gives the client's errors as the contract of the driver has them. */
  readonly translate: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The tables of a component in a file that each call opens for itself. Only `apply` makes a file where there is none, or changes one. */
export function fileSchema({ translate, ...opening }: FileSchemaOpening, component: SchemaComponent): OpenSchema {
  return {
    components: [component.name],
    plan: (to) => translate(async () => orRefuse(await planFile(opening, component, to))),
    apply: (to) => translate(async () => orRefuse(await applyToFile(opening, component, to))),
    close: async () => {},
  };
}

async function planFile(
  { path, clock }: SqliteOpening,
  component: SchemaComponent,
  to: SchemaVersions | undefined,
): Promise<SchemaPlan | SchemaRefusal> {
  if (!existsSync(path)) return planNewFile(component, to);
  // Without the settings of a client: to turn on the write-ahead log changes the file.
  const connection = new SqliteConnection(path, clock);
  try {
    return await planSchema(connection, component, to);
  } finally {
    connection.close();
  }
}

async function applyToFile(
  opening: SqliteOpening,
  component: SchemaComponent,
  to: SchemaVersions | undefined,
): Promise<SchemaPlan | SchemaRefusal> {
  const client = await openSqlite(opening);
  try {
    return await applySchema(client.durable, component, to);
  } finally {
    client.close();
  }
}

function orRefuse(outcome: SchemaPlan | SchemaRefusal): SchemaPlan {
  if ("refused" in outcome) throw new SchemaVersionError(outcome.refused);
  return outcome;
}
