import { leaseHarness, type TransportHarness } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";

import { startRedis } from "../../../client-redis/src/test-support/redis-server.ts";
import { openedStore } from "./opened-store.ts";

/** A server of its own for each harness; each connection is a store of its own, as in another process. */
export async function redisHarness(): Promise<TransportHarness> {
  const server = await startRedis();
  const settings = leaseSettings({ lease: 1_000, sweep: 100 });
  const cuts = new Map<Connection, () => Promise<void>>();
  return leaseHarness({
    clock: systemClock,
    leaseMs: settings.leaseMs,
    sweepMs: settings.sweepMs,
    controls: {
      cut: async (connection) => cuts.get(connection)?.(),
      restart: (options) => server.restart(options),
    },
    open: async (freezer) => {
      const { store, cut } = openedStore(server.url, freezer.clock);
      const opening = { clock: freezer.clock, log: silentLog, name: "conformance" };
      const connection = await openLeaseConnection({ store: freezer.wrap(store), opening, settings });
      cuts.set(connection, cut);
      return connection;
    },
    close: () => server.close(),
  });
}
