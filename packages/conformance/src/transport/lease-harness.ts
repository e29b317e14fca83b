import type { Connection } from "@lovage/transport";
import { Freezer } from "./freezer.ts";
import type { FaultControls, TestClock, TransportHarness } from "./harness.ts";

/** What {@link leaseHarness} is told. */
export interface LeaseHarnessOptions extends Pick<
  TransportHarness,
  "clock" | "leaseMs" | "sweepMs" | "begin" | "newName" | "transacts"
> {
  readonly clock: TestClock;
  /**
   * Opens a connection that takes its time from `freezer.clock` and reaches its store through `freezer.wrap(store)`, with the lease and the sweep
   * of the harness, renewed on the event loop.
   */
  open(freezer: Freezer): Promise<Connection>;
  /** Further faults: `cut` and `restart`. */
  readonly controls?: Pick<FaultControls, "cut" | "restart">;
  /** Removes the store, after all connections were closed. @default nothing */
  close?(): Promise<void>;
}

/**
 * A harness for a transport over a store of leases, with connections that can be frozen, stalled and crashed: what a connection has of time and of
 * its store goes through a {@link Freezer}.
 */
export function leaseHarness(options: LeaseHarnessOptions): TransportHarness {
  const freezers = new Map<Connection, Freezer>();
  const crashed = new Set<Connection>();
  const stop = async (connection: Connection, how: "freeze" | "stall"): Promise<() => Promise<void>> => {
    const freezer = freezers.get(connection);
    freezer?.[how]();
    return await Promise.resolve(async () => await Promise.resolve(freezer?.thaw()));
  };
  return {
    ...options,
    controls: {
      ...options.controls,
      freeze: (connection) => stop(connection, "freeze"),
      stall: (connection) => stop(connection, "stall"),
      crash: async (connection) => {
        await stop(connection, "freeze");
        crashed.add(connection);
      },
    },
    open: async () => {
      const freezer = new Freezer(options.clock);
      const connection = await options.open(freezer);
      freezers.set(connection, freezer);
      return connection;
    },
    close: async () => {
      // The dead leave files and sockets open in this process, which a real process would not.
      const burying = [...crashed].map((connection) => {
        freezers.get(connection)?.thaw();
        return connection.close();
      });
      await Promise.all(burying);
      await options.close?.();
    },
  };
}
