import { PostgresClient, PostgresError, type PostgresTarget } from "@lovage/client-postgres";
import { silentLog, systemClock } from "@lovage/foundation";
import type { OpenRenewer } from "@lovage/lease-engine";

import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { transportStatements } from "./statements.ts";

/** What the thread is sent. */
export interface RenewerOptions {
  readonly target: PostgresTarget;
  readonly name: string;
}

/** Renews leases in a helper thread, on connections of its own, opened anew when they were lost. The thread has no clock of the app's: it takes the machine's. */
export const openRenewer: OpenRenewer = (given) =>
  asTransport(async () => {
    const { target, name } = given as RenewerOptions;
    const statements = transportStatements(target.schema);
    let isClosed = false;
    let client: PostgresClient | undefined;
    let opening: Promise<PostgresClient> | undefined;
    const open = async (): Promise<PostgresClient> => {
      if (isClosed) throw new PostgresError("The renewal has ended.", { kind: "unavailable" });
      const opened = await PostgresClient.open({
        target: { ...target, poolSize: 2 },
        clock: systemClock,
        log: silentLog,
        name,
        onLost: () => {
          client = undefined;
          void opened.close();
        },
      });
      if (isClosed) await opened.close();
      return (client = opened);
    };
    // Queues are renewed side by side, over the same connections.
    const connect = async (): Promise<PostgresClient> =>
      client ?? (opening ??= open().finally(() => (opening = undefined)));
    await connect();
    return {
      extend: (_queue, leases, leaseMs) =>
        asTransport(async () => {
          const lost = await extendLeases(await connect(), statements, { leases, leaseMs });
          return lost === null ? null : { lost };
        }),
      close: async () => {
        isClosed = true;
        await client?.close();
      },
    };
  });
