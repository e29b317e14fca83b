import type { Connection, OutgoingMessage, Topology } from "@lovage/transport";

import type { Database } from "../database.ts";
import { topologyName } from "../destinations.ts";
import { asTransport } from "../errors.ts";

/** Declares what messages need where they go, as those who sent them have written it down, once for each destination. */
export class KnownTopologies {
  readonly #connection: Connection;
  readonly #database: Database;
  readonly #declared = new Set<string>();
  /** Made again once: a queue that is gone a second time is somebody else's will. */
  readonly #forgotten = new Set<string>();

  constructor(connection: Connection, database: Database) {
    this.#connection = connection;
    this.#database = database;
  }

  /** @throws what `Connection.declare` throws; TRANSPORT_UNAVAILABLE */
  async declare(addresses: readonly OutgoingMessage["to"][]): Promise<void> {
    const missing = new Map(addresses.map((to) => [topologyName(to), to]));
    for (const name of missing.keys()) if (this.#declared.has(name)) missing.delete(name);
    if (missing.size === 0) return;
    const { client, statements } = this.#database;
    const rows = await asTransport(() =>
      client.query(statements.readTopologies, [[...missing.keys()]], { repeatable: true }),
    );
    const written = new Map(rows.map(([name, topology]) => [name, topology]));
    for (const [name, to] of missing) {
      const topology = written.get(name);
      // Lost with the tables, say: the defaults are better than nothing.
      const byDefault: Topology = typeof to === "string" ? { queues: [{ name: to.replace(/\.dead$/u, "") }] } : {};
      await this.#connection.declare(typeof topology === "string" ? (JSON.parse(topology) as Topology) : byDefault);
      this.#declared.add(name);
      this.#forgotten.delete(name);
    }
  }

  /** Has a queue declared again. False when that was done just now, in vain. */
  forget(queue: string): boolean {
    const name = topologyName(queue);
    this.#declared.delete(name);
    if (this.#forgotten.has(name)) return false;
    this.#forgotten.add(name);
    return true;
  }
}
