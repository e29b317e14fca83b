import { RedisConnection, RedisError, type RedisTarget } from "@lovage/client-redis";
import { silentLog, systemClock } from "@lovage/foundation";
import type { OpenRenewer } from "@lovage/lease-engine";

import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { Keys } from "./keys.ts";

/** What the thread is sent. */
export interface RenewerOptions {
  readonly target: RedisTarget;
  readonly prefix: string;
  readonly name: string;
}

/** Renews leases in a helper thread, on a connection of its own, opened anew when it was lost. The thread has no clock of the app's: it takes the machine's. */
export const openRenewer: OpenRenewer = (given) =>
  asTransport(async () => {
    const { target, prefix, name } = given as RenewerOptions;
    const keys = new Keys(prefix);
    let isClosed = false;
    let connection: RedisConnection | undefined;
    let opening: Promise<RedisConnection> | undefined;
    const open = async (): Promise<RedisConnection> => {
      if (isClosed) throw new RedisError("The renewal has ended.", { kind: "unavailable" });
      const onLost = (): void => (connection = undefined);
      const opened = await RedisConnection.open({ target, clock: systemClock, log: silentLog, name, onLost });
      if (isClosed) opened.close();
      return (connection = opened);
    };
    // Queues are renewed side by side, over the same connection.
    const connect = async (): Promise<RedisConnection> =>
      connection ?? (opening ??= open().finally(() => (opening = undefined)));
    await connect();
    return {
      extend: (queue, leases, leaseMs) =>
        asTransport(async () => {
          const lost = await extendLeases(await connect(), keys.base(queue), { leases, leaseMs });
          return lost === null ? null : { lost };
        }),
      close: async () => {
        isClosed = true;
        connection?.close();
      },
    };
  });
