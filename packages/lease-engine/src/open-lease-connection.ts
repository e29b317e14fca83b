import type { DriverContext } from "@lovage/foundation";
import type { Connection, TransportOpening } from "@lovage/transport";

import { LeaseConnection } from "./connection.ts";
import { RenewalThread } from "./renewal/renewal-thread.ts";
import type { LeaseSettings } from "./settings.ts";
import type { ClaimedMessage, LeaseStore, StoreEvents } from "./store.ts";

/** What {@link openLeaseConnection} works with. */
export interface LeaseConnectionOpening {
  /** The store, not open yet. */
  readonly store: LeaseStore;
  /** What the runtime gave to the driver: clock, log, name, where leases are renewed, who is told of the state. */
  readonly opening: DriverContext & Pick<TransportOpening<unknown>, "renewal" | "onState">;
  /** See `leaseSettings`. */
  readonly settings: LeaseSettings;
}

/** What happens between the store's opening and the connection's existence. */
class EarlyEvents implements StoreEvents {
  target: StoreEvents | undefined;
  lostBy: Error | undefined;

  wake(queue?: string): void {
    this.target?.wake(queue);
  }

  deliver(queue: string, messages: readonly ClaimedMessage[], leasedAtMs: number): void {
    this.target?.deliver(queue, messages, leasedAtMs);
  }

  lost(cause: Error): void {
    if (this.target === undefined) this.lostBy = cause;
    else this.target.lost(cause);
  }
}

/**
 * Opens a store and makes a `Connection` of it: prefetch, batched claims and settlements, lease renewal, sweeps, wake-up, reconnection and graceful close.
 * @throws what `LeaseStore.open` throws; the store is then closed
 */
export async function openLeaseConnection({ store, opening, settings }: LeaseConnectionOpening): Promise<Connection> {
  const events = new EarlyEvents();
  try {
    await store.open(events);
  } catch (error) {
    await store.close();
    throw error;
  }
  const connection = new LeaseConnection({
    store,
    clock: opening.clock,
    log: opening.log,
    settings,
    thread: threadFor({ store, opening, settings }),
    reopen: () => store.open(events),
    onState: (state, cause) => opening.onState?.(state, cause),
  });
  events.target = connection;
  if (events.lostBy !== undefined) connection.lost(events.lostBy);
  return connection;
}

/** Where the runtime wants a thread and the store has a module for it. */
function threadFor({ store, opening, settings }: LeaseConnectionOpening): RenewalThread | undefined {
  const { renewal: module, maxBatch } = store.facts;
  if (opening.renewal !== "thread" || module === undefined) return undefined;
  return new RenewalThread({ module, settings, maxBatch, clock: opening.clock, log: opening.log });
}
