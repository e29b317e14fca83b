import type { TransportHarness } from "@lovage/conformance";
import { systemClock, validate } from "@lovage/foundation";
import type { Connection, TransportDriver } from "@lovage/transport";
import type { OwnServer } from "../services/service.ts";
import type { DriverPlace } from "./driver-place.ts";
import { ProxiedConnection } from "./proxied-connection.ts";

/** How long leases are in the suites, how often is swept, and what the broker does once a connection or a consumer is gone. */
export type LeasePace = Pick<
  TransportHarness,
  "leaseMs" | "sweepMs" | "claimMs" | "countsLateArrivals" | "lateAfterRestartMs"
>;

/** What the harness of a transport over a server is made of. */
export interface ServerTransport<Options> {
  readonly driver: TransportDriver<Options>;
  readonly server: OwnServer;
  readonly place: DriverPlace;
  readonly pace: LeasePace;
  /** Stops the server and starts it again. */
  readonly restart: (server: OwnServer, withData: boolean) => Promise<void>;
}

/** The harness of a transport over a server that all cases share. The cases that restart it run alone. */
export async function serverTransportHarness<Options>({
  driver,
  server,
  place,
  pace,
  restart,
}: ServerTransport<Options>): Promise<TransportHarness> {
  const { url = server.url, begin, newName, transacts = false, remove } = place;
  const checked = await validate(driver.options, place.options ?? {});
  if (checked.issues !== undefined) throw new Error(`The driver refuses its options: ${checked.issues.join("; ")}.`);
  const opened = new Map<Connection, ProxiedConnection>();
  const proxied = (connection: Connection): ProxiedConnection => {
    const found = opened.get(connection);
    if (found === undefined) throw new Error("This connection is not one of the harness.");
    return found;
  };
  const stop = async (connection: Connection, how: "freeze" | "stall"): Promise<() => Promise<void>> => {
    const stopped = proxied(connection);
    await Promise.resolve(stopped[how]());
    return async () => await Promise.resolve(stopped.thaw());
  };
  return {
    clock: systemClock,
    ...pace,
    transacts,
    ...(begin === undefined ? {} : { begin }),
    ...(newName === undefined ? {} : { newName }),
    controls: {
      freeze: (connection) => stop(connection, "freeze"),
      stall: (connection) => stop(connection, "stall"),
      crash: async (connection) => await Promise.resolve(proxied(connection).crash()),
      cut: async (connection) => await Promise.resolve(proxied(connection).cut()),
      restart: async ({ withData }) => await restart(server, withData),
    },
    open: async () => {
      const one = await ProxiedConnection.open({ driver, url, options: checked.value });
      opened.set(one.connection, one);
      return one.connection;
    },
    close: async () => {
      await Promise.all([...opened.values()].map((each) => each.bury()));
      await remove?.();
    },
  };
}
