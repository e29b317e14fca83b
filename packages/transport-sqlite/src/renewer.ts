import { openSqliteConnection } from "@lovage/client-sqlite";
import { systemClock } from "@lovage/foundation";
import type { OpenRenewer } from "@lovage/lease-engine";

import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";

/** Renews leases in a helper thread, on a connection of its own. `options` is `{ path }`. The thread has no clock of the app's: it takes the machine's. */
export const openRenewer: OpenRenewer = (options) =>
  asTransport(async () => {
    const { path } = options as { readonly path: string };
    const connection = await openSqliteConnection({ path, clock: systemClock, synchronous: "normal" });
    return {
      extend: (_queue, leases, leaseMs) =>
        asTransport(async () => {
          const untilMs = systemClock.now() + leaseMs;
          const lost = await extendLeases(connection, { leases, untilMs, waitMs: leaseMs / 2 });
          return lost === null ? null : { lost };
        }),
      close: async () => connection.close(),
    };
  });
