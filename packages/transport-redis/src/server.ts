import {
  asList,
  asText,
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
  return bases.length === 0 ? undefined : enlistAll(server, bases);
}

async function enlistAll(server: Server, bases: readonly unknown[]): Promise<void> {
  const names = bases.map((base) => server.keys.queueOf(asText(base)).replace(/\.dead$/, ""));
  try {
    await enter(server, server.keys.queues, names);
  } catch {
    // What was asked for is done, and an error would have it done again. Whoever declares the queue next enters it.
  }
}
