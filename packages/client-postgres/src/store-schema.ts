import { SchemaVersionError, type SchemaPlan, type SchemaVersions, type StoreSchema } from "@lovage/foundation";

import type { PostgresClient } from "./postgres-client.ts";
import { applySchema, lastVersion, planSchema, type SchemaComponent } from "./schema.ts";

/** What a {@link storeSchema} works on. */
export interface StoreSchemaOptions {
  readonly component: SchemaComponent;
  /** The open connection. */
  readonly client: () => PostgresClient;
  /** Gives the client's errors as the contract of the driver has them. */
  readonly translate: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The tables of one component, as the contracts have them. */
export function storeSchema({ component, client, translate }: StoreSchemaOptions): StoreSchema {
  const run = (verb: typeof planSchema, to: SchemaVersions | undefined): Promise<SchemaPlan> =>
    translate(async () => {
      if (to === undefined) return await verb(client(), component);
      const version = to[component.name];
      if (version !== undefined) return await verb(client(), component, known(component, version));
      const { from } = await planSchema(client(), component);
      return { from, to: from, statements: [] };
    });
  return {
    components: [component.name],
    plan: (to) => run(planSchema, to),
    apply: (to) => run(applySchema, to),
  };
}

function known(component: SchemaComponent, version: number): number {
  const last = lastVersion(component);
  if (version >= 1 && version <= last) return version;
  throw new SchemaVersionError(
    `This release knows versions 1 to ${last} of the tables of ${component.name}, not ${version}. Nothing was written. To be rid of them with all that they hold, drop their schema.`,
  );
}
