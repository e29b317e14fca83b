import { randomUUID } from "node:crypto";

import { RedisConnection, redisTarget } from "@lovage/client-redis";
import { silentLog, systemClock, type Clock } from "@lovage/foundation";

import { RedisStore } from "../store.ts";

/** A connection to a server beside those that are tested. */
export function beside(url: string): Promise<RedisConnection> {
  const target = redisTarget(url, {});
  return RedisConnection.open({ target, clock: systemClock, log: silentLog, name: "beside", onLost: () => {} });
}

/** A store that is not open yet, and a way to break its connections from the server's side. */
export function openedStore(url: string, clock: Clock = systemClock): { store: RedisStore; cut: () => Promise<void> } {
  const name = randomUUID();
  const store = new RedisStore({
    target: redisTarget(url, {}),
    prefix: "lovage",
    clock,
    log: silentLog,
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
