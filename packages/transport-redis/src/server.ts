import type { RedisArgument, RedisConnection, RedisScript } from "@lovage/client-redis";
import type { Clock } from "@lovage/foundation";

import type { Keys } from "./keys.ts";
import { asList, asText } from "./replies.ts";

/** The server that the operations of the transport work on: the present connection, the keys, the server's time. */
export interface Server {
  readonly keys: Keys;
  /** @throws TRANSPORT_UNAVAILABLE while there is no connection */
  connection(): RedisConnection;
  /** The server's time, as well as it is known here. */
  nowMs(): number;
}

/** Runs a script on one queue. */
export function runOn(
  server: Server,
  script: RedisScript,
  queue: string,
  args: readonly RedisArgument[],
): Promise<unknown> {
  return server.connection().run(script, [server.keys.base(queue)], args);
}

/** Enters queues that a script had to make into the list of queues. */
export async function enlist(server: Server, made: unknown): Promise<void> {
  const bases = asList(made);
  if (bases.length === 0) return;
  const names = bases.map((base) => server.keys.queueOf(asText(base)).replace(/\.dead$/, ""));
  await server.connection().call("SADD", [server.keys.queues, ...names]);
}

/** How much the server's clock is ahead of ours, in ms; half of the way there and back is counted to each side. */
export async function clockOffsetMs(connection: RedisConnection, clock: Clock): Promise<number> {
  const beforeMs = clock.now();
  const [seconds, micros] = asList(await connection.call("TIME", [])).map((part) => Number(asText(part)));
  const hereMs = (beforeMs + clock.now()) / 2;
  return (seconds ?? 0) * 1000 + (micros ?? 0) / 1000 - hereMs;
}
