import type { OpenSchema } from "@lovage/foundation";

import { PostgresClient, type PostgresOpening } from "./postgres-client.ts";
import type { SchemaComponent } from "./schema.ts";
import { storeSchema } from "./store-schema.ts";

/** How a component's tables are reached without the driver that works with them. */
export interface SchemaOpening extends Omit<PostgresOpening, "onLost"> {
  /** Gives the client's errors as the contract of the driver has them. */
  readonly translate: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Connects, and makes nothing before it is told to `apply`. */
export async function openSchema(opening: SchemaOpening, component: SchemaComponent): Promise<OpenSchema> {
  const { translate, ...rest } = opening;
  // The statement that meets the loss says so.
  const client = await translate(() => PostgresClient.open({ ...rest, onLost: () => {} }));
  return { ...storeSchema({ component, client: () => client, translate }), close: () => client.close() };
}
