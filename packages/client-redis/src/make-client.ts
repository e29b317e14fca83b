import { Redis, type RedisOptions as ClientOptions } from "ioredis";

import type { RedisTarget } from "./redis-options.ts";

/**
 * A client that is not connected yet. It never reconnects, queues or repeats by itself: whoever opened it learns at once that it is gone, finds the
 * present master anew, and knows of every call whether it was sent.
 */
export function makeClient(target: RedisTarget, connectionName: string): Redis {
  const { client } = target;
  if (client === undefined) return new Redis(single(target, connectionName));
  return client.duplicate({ ...ways, sentinelRetryStrategy: giveUp, keyPrefix: "", connectionName });
}

const ways = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  retryStrategy: null,
  protocol: 2,
} as const satisfies ClientOptions;

function single(target: RedisTarget, connectionName: string): ClientOptions & { readonly replyMapping?: "legacy" } {
  const { hosts, sentinel, sentinelPassword, db } = target;
  const place =
    sentinel === undefined
      ? { host: hosts[0].host, port: hosts[0].port }
      : {
          sentinels: [...hosts],
          name: sentinel,
          sentinelRetryStrategy: giveUp,
          ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
        };
  return { ...ways, ...place, ...access(target), db, connectionName };
}

/** One round of the sentinels; the next attempt is the caller's. */
function giveUp(): null {
  return null;
}

function access({
  username,
  password,
  tls,
  tlsOptions,
  sentinel,
}: RedisTarget): Pick<ClientOptions, "username" | "password" | "tls" | "enableTLSForSentinelMode"> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...tlsOptions } } : {}),
    ...(tls && sentinel !== undefined ? { enableTLSForSentinelMode: true } : {}),
  };
}
