import { ConfigurationError, maskUrl, queryOptions } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import { readMemoryOptions } from "./memory-transport.ts";
import { MemoryStore } from "./memory-store.ts";
import type { ParsedMemoryOptions } from "./options.ts";
import { memoryOptionNames, memoryOptions } from "./options.ts";

/** `memory:`, `memory://`, `memory:name` or `memory://name`. */
const address = /^memory:(?:\/\/)?([A-Za-z0-9._-]{0,200})\/?$/i;

/** The driver of `memory:` URLs. Connections of one process with the same name (none is a name too) and the same clock share a broker. */
export const transport: TransportDriver<ParsedMemoryOptions> = {
  schemes: ["memory"],
  options: memoryOptions,
  open: async (opening) => await open(opening),
};

async function open(opening: TransportOpening<ParsedMemoryOptions>): Promise<Connection> {
  const { base, options: query } = queryOptions(opening.url, memoryOptionNames);
  const name = address.exec(base)?.[1];
  if (name === undefined) {
    throw new ConfigurationError(
      `"${maskUrl(opening.url)}" is not a URL of the memory transport: write "memory:" or "memory://name".`,
    );
  }
  const fromUrl = await readMemoryOptions(query, `The URL ${maskUrl(opening.url)}`);
  const settings = leaseSettings({ ...fromUrl, ...opening.options });
  return await openLeaseConnection({ store: new MemoryStore(name, opening.clock), opening, settings });
}
