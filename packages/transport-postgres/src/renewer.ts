import { PostgresClient, PostgresError, type PostgresTarget } from "@lovage/client-postgres";
import { Once, silentLog, systemClock } from "@lovage/foundation";
import type { OpenRenewer } from "@lovage/lease-engine";

import { asOpening, asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { transportStatements } from "./statements.ts";

/** What the thread is sent. */
export interface RenewerOptions {
  readonly target: PostgresTarget;
  readonly name: string;
}

/** Renews leases in a helper thread, on connections of its own, opened anew when they were lost. The thread has no clock of the app's: it takes the machine's. */
export const openRenewer: OpenRenewer = (given) =>
  asOpening(async () => {
    const { target, name } = given as RenewerOptions;
    const statements = transportStatements(target.schema);
    let isClosed = false;
    // Queues are renewed side by side, over the same connections.
    const client = new Once(async () => {
      if (isClosed) throw new PostgresError("The renewal has ended.", { kind: "unavailable" });
      const opened = await PostgresClient.open({
        target: { ...target, poolSize: 2 },
        clock: systemClock,
        log: silentLog,
        name,
        onLost: () => {
          client.forget();
          void opened.close();
        },
      });
      if (isClosed) await opened.close();
      return opened;
    });
    await client.run();
    return {
      extend: (_queue, leases, leaseMs) =>
        asTransport(async () => await extendLeases(await client.run(), statements, { leases, leaseMs })),
      close: async () => {
        isClosed = true;
        // One that is on its way closes itself.
        if (client.isDone) await (await client.end())?.close();
      },
    };
  });
