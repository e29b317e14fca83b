import { fileIdentity, openSqliteConnection, type SqliteConnection } from "@lovage/client-sqlite";
import { SingleFlight, systemClock } from "@lovage/foundation";
import type { OpenRenewer } from "@lovage/lease-engine";
import { TransportUnavailableError } from "@lovage/transport";

import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";

/** Renews leases in a helper thread, on a connection of its own. `options` is `{ path }`. The thread has no clock of the app's: it takes the machine's. */
export const openRenewer: OpenRenewer = (options) =>
  asTransport(async () => {
    const { path } = options as { readonly path: string };
    const file = new RenewerFile(path);
    await file.connection();
    return {
      extend: (_queue, leases, leaseMs) =>
        asTransport(async () => {
          const connection = await file.connection();
          const untilMs = systemClock.now() + leaseMs;
          return await extendLeases(connection, { leases, untilMs, waitMs: leaseMs / 2 });
        }),
      close: async () => file.close(),
    };
  });

/** The file that is at the path now: in one that was replaced all leases of the new one would count as lost. */
class RenewerFile {
  readonly #path: string;
  #open: { readonly connection: SqliteConnection; readonly identity: string } | undefined;
  /** Queues are renewed side by side, over the same connection. */
  readonly #opening = new SingleFlight((identity: string | undefined) => this.#reopen(identity));
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws TRANSPORT_UNAVAILABLE while there is no file: the store makes it */
  async connection(): Promise<SqliteConnection> {
    const identity = fileIdentity(this.#path);
    if (identity !== undefined && identity === this.#open?.identity) return this.#open.connection;
    return await this.#opening.run(identity);
  }

  async #reopen(identity: string | undefined): Promise<SqliteConnection> {
    const path = this.#path;
    this.#letGo();
    if (identity === undefined || this.#isClosed)
      throw new TransportUnavailableError(`The SQLite file ${path} is not there, or its renewal has ended.`);
    const connection = await openSqliteConnection({ path, clock: systemClock, synchronous: "normal" });
    this.#open = { connection, identity };
    return connection;
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #letGo(): void {
    this.#open?.connection.close();
    this.#open = undefined;
  }
}
