import { RedisConnection, RedisError, type RedisTarget } from "@lovage/client-redis";
import { Once, silentLog, systemClock } from "@lovage/foundation";
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
    // Queues are renewed side by side, over the same connection.
    const connection = new Once(async () => {
      if (isClosed) throw new RedisError("The renewal has ended.", { kind: "unavailable" });
      const opened = await RedisConnection.open({
        target,
        clock: systemClock,
        log: silentLog,
        name: `lovage:${name}`,
        onLost: () => connection.forget(),
      });
      if (isClosed) opened.close();
      return opened;
    });
    await connection.run();
    return {
      extend: (queue, leases, leaseMs) =>
        asTransport(async () => await extendLeases(await connection.run(), keys.base(queue), { leases, leaseMs })),
      close: async () => {
        isClosed = true;
        // One that is on its way closes itself.
        if (connection.isDone) (await connection.end())?.close();
      },
    };
  });
