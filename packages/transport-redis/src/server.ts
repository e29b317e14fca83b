import {
  asList,
  asText,
  isRedisError,
  type ArgumentWriter,
  type RedisArgument,
  type RedisConnection,
  type RedisScript,
} from "@lovage/client-redis";

import type { Keys } from "./keys.ts";
import type { KombuKeys } from "./kombu-keys.ts";
import type { KombuWatch } from "./kombu-watch.ts";
import type { Namesakes } from "./namesakes.ts";
import type { QueueReaders } from "./queue-readers.ts";
import { enterScript } from "./scripts/queue.ts";

/** The server that the operations of the transport work on: the present connection, the keys, the server's time. */
export interface Server {
  readonly keys: Keys;
  readonly kombu: KombuKeys;
  readonly readers: QueueReaders;
  readonly namesakes: Namesakes;
  /** A step can touch one slot only, that is one queue and its dead-letter queue. */
  readonly isCluster: boolean;
  /** Queues that were entered in the list of queues from here. */
  readonly enlisted: Set<string>;
  /** @throws TRANSPORT_UNAVAILABLE while there is no connection */
  connection(): RedisConnection;
  /** Tells of what Celery's producers send. */
  watch(): KombuWatch;
  /** The server's time, as well as it is known here. */
  nowMs(): number;
}

/** Runs a script on one queue. */
export function runOn(
  server: Server,
  script: RedisScript,
  queue: string,
  args: readonly RedisArgument[] | ArgumentWriter,
): Promise<unknown> {
  return server.connection().run(script, [server.keys.base(queue)], args);
}

/** Enters names into a set of the topology. */
export async function enter(server: Server, key: string, names: Iterable<string>): Promise<void> {
  await server.connection().run(enterScript, [key], [...names]);
}

/** Enters queues that a script had to make into the list of queues. Never rejects. */
export function enlist(server: Server, made: unknown): Promise<void> | undefined {
  const bases = asList(made);
  if (bases.length === 0) return undefined;
  return tryToEnlist(
    server,
    bases.map((base) => server.keys.queueOf(asText(base)).replace(/\.dead$/, "")),
  );
}

/**
 * Enters queues that were declared into the list of queues. The list of a cluster is on one of its nodes, which may be away, and no queue is to do without its own node for
 * that: those that have stood in the list do not wait for it, others only as long as it takes to find it away. Once it is back everything is declared anew.
 */
export async function enlistDeclared(server: Server, names: readonly string[]): Promise<void> {
  const { enlisted, isCluster, keys } = server;
  if (isCluster && names.every((name) => enlisted.has(name))) {
    void tryToEnlist(server, names);
    return;
  }
  try {
    await enter(server, keys.queues, names);
  } catch (error) {
    if (isRedisError(error) && error.kind === "away") return;
    throw error;
  }
  for (const name of names) enlisted.add(name);
}

async function tryToEnlist(server: Server, names: readonly string[]): Promise<void> {
  try {
    await enter(server, server.keys.queues, names);
  } catch {
    // What was asked for is done, and an error would have it done again. Whoever declares the queue next enters it.
  }
}
