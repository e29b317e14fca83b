import { Redis, type RedisOptions as ClientOptions } from "ioredis";

import { isClusterClient, type RedisTarget } from "./redis-options.ts";
import type { RedisHost } from "./redis-url.ts";

/**
 * A client that is not connected yet. It never reconnects, queues or repeats by itself: whoever opened it learns at once that it is gone, finds the
 * present master anew, and knows of every call whether it was sent.
 * @param node A node of a cluster; absent where the target itself says where to go.
 */
export function makeClient(target: RedisTarget, connectionName: string, node?: RedisHost): Redis {
  const { client } = target;
  if (client === undefined) return new Redis(settingsOf(target, connectionName, node));
  const here = { ...ways, sentinelRetryStrategy: giveUp, keyPrefix: "", connectionName, ...node };
  if (!isClusterClient(client)) {
    return client.duplicate({ ...here, enableReadyCheck: (client.options.sentinels ?? []).length > 0 });
  }
  return new Redis({ ...client.options.redisOptions, ...here, replyMapping: "legacy" });
}

const ways = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  retryStrategy: null,
  protocol: 2,
  // Of a ready-made client: with these the framed commands are cut, numbers come as texts, and a reply could end the connection.
  enableAutoPipelining: false,
  stringNumbers: false,
  reconnectOnError: null,
  // With these it would give up a call that the server carries out all the same, such as a claim, whose messages nobody then has. A heartbeat finds a server that is gone.
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
  // A command less for an ACL to allow; Redis before 7.2 does not know it.
  disableClientInfo: true,
  // It waits in silence while the server loads its data; the first command is told so at once. With sentinels it also sees that a master is one.
  enableReadyCheck: false,
} as const satisfies ClientOptions;

function settingsOf(
  target: RedisTarget,
  connectionName: string,
  node: RedisHost | undefined,
): ClientOptions & { readonly replyMapping?: "legacy" } {
  const { hosts, sentinel, sentinelPassword, db } = target;
  const place =
    sentinel === undefined
      ? { ...(node ?? hosts[0]) }
      : {
          sentinels: [...hosts],
          name: sentinel,
          sentinelRetryStrategy: giveUp,
          enableReadyCheck: true,
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
}: RedisTarget): Pick<ClientOptions, "username" | "password" | "tls" | "enableTLSForSentinelMode" | "sentinelTLS"> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...tlsOptions } } : {}),
    ...(tls && sentinel !== undefined ? { enableTLSForSentinelMode: true, sentinelTLS: { ...tlsOptions } } : {}),
  };
}
