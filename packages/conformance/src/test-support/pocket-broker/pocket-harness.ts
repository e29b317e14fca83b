import type { Connection } from "@lovage/transport";
import type { TestClock, TransportHarness } from "../../transport/harness.ts";
import { PocketBroker } from "./pocket-broker.ts";
import { PocketConnection } from "./pocket-connection.ts";

const leaseMs = 3_000;

/** A pocket broker under test; `wrap` may break its connections. */
export function pocketHarness(
  clock: TestClock,
  wrap: (connection: Connection) => Connection = (connection) => connection,
): TransportHarness {
  const broker = new PocketBroker(clock);
  const opened = new Map<Connection, PocketConnection>();
  const freeze = (connection: Connection): (() => void) => opened.get(connection)?.freeze() ?? ((): void => {});
  return {
    clock,
    leaseMs,
    sweepMs: 10,
    controls: {
      crash: async (connection) => void (await Promise.resolve(freeze(connection))),
      freeze: async (connection) => {
        const thaw = await Promise.resolve(freeze(connection));
        return async () => await Promise.resolve(thaw());
      },
    },
    open: async () => {
      const inner = new PocketConnection(broker, leaseMs);
      const connection = wrap(inner);
      opened.set(connection, inner);
      return await Promise.resolve(connection);
    },
    close: async () => await Promise.resolve(),
  };
}
