import type { Backend } from "@lovage/backend";
import type { DriverKind, StoreSchema } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import type { Configuration } from "./configuration/configuration.ts";
import type { Source } from "./configuration/source.ts";
import { openSchema } from "./open-driver.ts";
import type { OpeningOptions } from "./open-driver.ts";

/** A store of an app, and its tables. */
export interface StoreTables {
  readonly store: "broker" | "backend" | "coordination";
  /** Absent where the store has no tables of ours. */
  readonly schema: StoreSchema | undefined;
  /** The user's program opened the store itself, and thereby has made its tables where it was not told otherwise. */
  readonly isOpened: boolean;
}

/** Calls `work` with the tables of each store in turn. No store is opened for it, since that would make its tables. */
export async function eachSchema(
  { broker, backend, coordination }: Configuration,
  opening: OpeningOptions,
  work: (tables: StoreTables) => Promise<void>,
): Promise<void> {
  const stores: readonly [StoreTables["store"], DriverKind, Source<Connection | Backend> | undefined][] = [
    ["broker", "transport", broker],
    ["backend", "backend", backend],
    ["coordination", "backend", coordination],
  ];
  for (const [store, kind, source] of stores) {
    if (source === undefined) continue;
    if ("opened" in source) {
      await work({ store, schema: source.opened.schema, isOpened: true });
      continue;
    }
    const log = opening.log.child({ part: kind });
    const schema = await openSchema(kind, source.locations, { ...opening, log });
    try {
      await work({ store, schema, isOpened: false });
    } finally {
      await schema?.close();
    }
  }
}
