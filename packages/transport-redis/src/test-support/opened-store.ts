import { randomUUID } from "node:crypto";

import { RedisConnection, redisTarget } from "@lovage/client-redis";
import { silentLog, systemClock, type Clock } from "@lovage/foundation";

import { RedisStore } from "../store.ts";

/** A store that is not open yet, and a way to break its connections from the server's side. */
export function openedStore(url: string, clock: Clock = systemClock): { store: RedisStore; cut: () => Promise<void> } {
  const target = redisTarget(url, {});
  const name = randomUUID();
  const store = new RedisStore({
    target,
    prefix: "lovage",
    clock,
    log: silentLog,
    name,
    maxMessageBytes: 262_144,
    strict: false,
  });
  const cut = async (): Promise<void> => {
    const beside = await RedisConnection.open({ target, clock: systemClock, log: silentLog, name: "beside", onLost: () => {} });
    const clients = String(await beside.call("CLIENT", ["LIST"])).split("\n");
    for (const client of clients.filter((line) => line.includes(`name=lovage:${name}`))) {
      await beside.call("CLIENT", ["KILL", "ID", /\bid=(\d+)/.exec(client)?.[1] ?? ""]);
    }
    beside.close();
  };
  return { store, cut };
}
