import { randomUUID } from "node:crypto";
import { RedisConnection, redisTarget, type RedisOptions } from "@lovage/client-redis";
import { leaseHarness, type TransportHarness } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";
import { RedisStore } from "../../packages/transport-redis/src/store.ts";
import type { OwnServer } from "../services/service.ts";
import { killClients } from "./redis-cli.ts";

/** Servers that all cases of a suite share. */
export interface SharedServers {
  readonly url: string;
  readonly options?: RedisOptions;
  /** All of them, for cutting connections. Absent: they are not cut. */
  readonly servers?: readonly OwnServer[];
}

/** A harness on servers that others use at the same time: connections are cut, but nothing is restarted. */
export function sharedHarness({ url, options = {}, servers }: SharedServers): TransportHarness {
  const settings = leaseSettings({ lease: 1_000, sweep: 100 });
  const names = new Map<Connection, string>();
  const cut = async (connection: Connection): Promise<void> => {
    for (const server of servers ?? []) await killClients(server, `lovage:${names.get(connection)}`);
  };
  return leaseHarness({
    clock: systemClock,
    leaseMs: settings.leaseMs,
    sweepMs: settings.sweepMs,
    ...(servers === undefined ? {} : { controls: { cut } }),
    open: async (freezer) => {
      const name = randomUUID();
      const store = new RedisStore({
        target: redisTarget(url, options),
        globalKeyPrefix: "",
        celeryProducers: true,
        prefix: options.prefix ?? "lovage",
        clock: freezer.clock,
        log: silentLog,
        name,
        maxMessageBytes: 262_144,
        strict: false,
      });
      const opening = { clock: freezer.clock, log: silentLog, name: "conformance" };
      const connection = await openLeaseConnection({ store: freezer.wrap(store), opening, settings });
      names.set(connection, name);
      return connection;
    },
  });
}

/** Does something over a connection of its own, beside those that are tested: one that is kept is lost when a busy machine holds up its server. */
export async function beside(
  { url, options = {} }: SharedServers,
  work: (connection: RedisConnection) => Promise<unknown>,
): Promise<void> {
  const target = redisTarget(url, options);
  const opening = { target, clock: systemClock, log: silentLog, name: "beside", onLost: () => {} };
  const connection = await RedisConnection.open(opening);
  try {
    await work(connection);
  } finally {
    connection.close();
  }
}
