import type { TransportHarness } from "@lovage/conformance";
import type { VirtualClock } from "@lovage/foundation";
import { silentLog, virtualClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";

import { MemoryStore } from "../memory-store.ts";
import { FaultyStore } from "./faulty-store.ts";

const settings = leaseSettings({ lease: 3_000, sweep: 100 });

/** A broker in memory under a virtual clock; its connections can be stopped, killed and cut off. */
export function memoryHarness(clock: VirtualClock = virtualClock()): TransportHarness {
  const stores = new Map<Connection, FaultyStore>();
  let keeper = keepAlive(clock, 0);
  let epoch = 0;
  const freeze = async (connection: Connection): Promise<() => Promise<void>> => {
    const store = stores.get(connection) ?? fail();
    store.freeze();
    return async () => store.thaw();
  };
  return {
    clock,
    leaseMs: settings.leaseMs,
    sweepMs: settings.sweepMs,
    controls: {
      freeze,
      stall: freeze,
      cut: async (connection) => await (stores.get(connection) ?? fail()).cut(),
      restart: async ({ withData }) => {
        if (!withData) {
          epoch += 1;
          keeper = keepAlive(clock, epoch);
        }
        for (const store of stores.values()) await store.cut();
      },
    },
    open: async () => {
      const store = new FaultyStore(() => new MemoryStore(nameOf(epoch), clock));
      const opening = { clock, log: silentLog, name: "conformance" };
      const connection = await openLeaseConnection({ store, opening, settings });
      stores.set(connection, store);
      return connection;
    },
    close: async () => await (await keeper).close(),
  };
}

/** A connection of the harness's own: without it the broker would be gone with the last one that is cut. */
async function keepAlive(clock: VirtualClock, epoch: number): Promise<MemoryStore> {
  const store = new MemoryStore(nameOf(epoch), clock);
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  return store;
}

function nameOf(epoch: number): string {
  return `harness-${epoch}`;
}

function fail(): never {
  throw new Error("That connection was not opened here.");
}
