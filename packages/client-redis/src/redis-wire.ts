import type { Clock, Log } from "@lovage/foundation";

import { NodeConnection, type RedisArgument } from "./node-connection.ts";
import type { RedisError } from "./redis-error.ts";
import type { RedisTarget } from "./redis-options.ts";

/** A command, and whom it is for. */
export interface RedisCommand {
  readonly command: string;
  readonly args: readonly RedisArgument[];
  /** The key that tells the node of a cluster; absent for commands that any node carries out. */
  readonly key?: string | undefined;
  /** How many replicas must have what it writes. @default 0 */
  readonly replicas?: number;
}

/** How a {@link RedisWire} is opened. */
export interface WireOpening {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of its connections in `CLIENT LIST`. */
  readonly name: string;
  /** Told when one of its connections has ended. May be told again. */
  readonly onEnd: (cause: RedisError) => void;
}

/** What commands go over: one server, or the nodes of a cluster. It is whole or it is lost; nothing is repeated that may have been carried out. */
export interface RedisWire {
  /** Rejects with what the client says, or a RedisError. */
  send(command: RedisCommand): Promise<unknown>;
  /** Sends to all that hold data and can be reached: the server, or the primaries of a cluster. */
  sendToAll(command: string, args: readonly RedisArgument[]): Promise<readonly unknown[]>;
  /** Resolves when every open connection has answered. */
  ping(): Promise<void>;
  /** A further connection, for subscriptions. */
  openSubscriber(): Promise<NodeConnection>;
  /** Idempotent. */
  close(): void;
}

/** Connects to the one server that the target names, or to the master that its sentinels know. @throws RedisError */
export async function openSingleWire({ target, clock, name, onEnd }: WireOpening): Promise<RedisWire> {
  const open = (): Promise<NodeConnection> => NodeConnection.open({ target, clock, name, onEnd });
  const server = await open();
  return {
    send: ({ command, args, replicas }) => server.send(command, args, replicas),
    sendToAll: async (command, args) => [await server.send(command, args)],
    ping: async () => void (await server.send("PING", [])),
    openSubscriber: open,
    close: () => server.close(),
  };
}
