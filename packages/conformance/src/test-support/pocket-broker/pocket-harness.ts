import type { Connection } from "@lovage/transport";
import type { TestClock, TransportHarness } from "../../transport/harness.ts";
import { PocketBroker } from "./pocket-broker.ts";
import { PocketConnection } from "./pocket-connection.ts";

const leaseMs = 3_000;

/** What may be wrong with a pocket broker. */
export interface PocketFaults {
  /** Changes every connection. @default not at all */
  readonly wrap?: (connection: Connection) => Connection;
  /** Leases are renewed. @default true */
  readonly renews?: boolean;
  /** What a crash of the broker does to its data, although it promised to keep them. @default nothing */
  readonly onRestart?: (broker: PocketBroker) => void;
}

/** A pocket broker under test. */
export function pocketHarness(clock: TestClock, faults: PocketFaults = {}): TransportHarness {
  const { wrap = (connection: Connection) => connection, renews = true, onRestart = () => {} } = faults;
  const broker = new PocketBroker(clock);
  const opened = new Map<Connection, PocketConnection>();
  const freeze = (connection: Connection): (() => void) => opened.get(connection)?.freeze() ?? ((): void => {});
  return {
    clock,
    leaseMs,
    sweepMs: 10,
    controls: {
      crash: async (connection) => {
        freeze(connection);
        await Promise.resolve(opened.delete(connection));
      },
      freeze: async (connection) => {
        const thaw = await Promise.resolve(freeze(connection));
        return async () => await Promise.resolve(thaw());
      },
      stall: async (connection) => {
        const resume = await Promise.resolve(opened.get(connection)?.stall());
        return async () => await Promise.resolve(resume?.());
      },
      cut: async (connection) => await Promise.resolve(opened.get(connection)?.cut()),
      restart: async ({ withData }) => {
        for (const connection of opened.values()) connection.cut();
        if (!withData) broker.queues.clear();
        await Promise.resolve(onRestart(broker));
      },
    },
    open: async () => {
      const inner = new PocketConnection(broker, { leaseMs, renews });
      const connection = wrap(inner);
      opened.set(connection, inner);
      return await Promise.resolve(connection);
    },
    close: async () => await Promise.resolve(),
  };
}
