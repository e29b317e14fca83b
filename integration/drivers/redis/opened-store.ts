import { randomUUID } from "node:crypto";

import { RedisConnection, redisTarget } from "@lovage/client-redis";
import { silentLog, systemClock, type Clock, type Log } from "@lovage/foundation";

import { RedisStore } from "../../../packages/transport-redis/src/store.ts";

/** A connection to a server beside those that are tested. */
export function beside(url: string): Promise<RedisConnection> {
  const target = redisTarget(url, {});
  return RedisConnection.open({ target, clock: systemClock, log: silentLog, name: "beside", onLost: () => {} });
}

/** A command and what it takes. */
export type Tell = (command: string, ...args: readonly (string | number)[]) => Promise<unknown>;

/** Has a server carry out a command, over a connection of its own. Gives the reply. */
export async function tellServer(url: string, ...[command, ...args]: Parameters<Tell>): Promise<unknown> {
  const connection = await beside(url);
  try {
    return await connection.call(command, args);
  } finally {
    connection.close();
  }
}

/** How a store under test is made. */
export interface OpenedStoreOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly globalKeyPrefix?: string;
}

/** A store that is not open yet, and a way to break its connections from the server's side. */
export function openedStore(
  url: string,
  { clock = systemClock, log = silentLog, globalKeyPrefix = "" }: OpenedStoreOptions = {},
): { store: RedisStore; cut: () => Promise<void> } {
  const name = randomUUID();
  const store = new RedisStore({
    target: redisTarget(url, {}),
    prefix: "lovage",
    globalKeyPrefix,
    celeryProducers: true,
    clock,
    log,
    name,
    maxMessageBytes: 262_144,
    strict: false,
  });
  const cut = async (): Promise<void> => {
    const other = await beside(url);
    const clients = String(await other.call("CLIENT", ["LIST"])).split("\n");
    for (const client of clients.filter((line) => line.includes(`name=lovage:${name}`))) {
      await other.call("CLIENT", ["KILL", "ID", /\bid=(\d+)/.exec(client)?.[1] ?? ""]);
    }
    other.close();
  };
  return { store, cut };
}
