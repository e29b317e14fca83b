import type { Clock, Log } from "@lovage/foundation";

import { NodeConnection } from "./node-connection.ts";
import type { RedisArgument, RedisCommand } from "./redis-command.ts";
import type { RedisError } from "./redis-error.ts";
import type { RedisTarget } from "./redis-options.ts";

/** How a {@link RedisWire} is opened. */
export interface WireOpening {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of its connections in `CLIENT LIST`. */
  readonly name: string;
  /** Told when one of its connections has ended. May be told again. */
  readonly onEnd: (cause: RedisError) => void;
  /** Gives up connections that are being opened. */
  readonly signal?: AbortSignal | undefined;
}

/** What commands go over: one server, or the nodes of a cluster. It is whole or it is lost; nothing is repeated that may have been carried out. */
export interface RedisWire {
  /** Rejects with what the client says, or a RedisError. */
  send(command: RedisCommand): Promise<unknown>;
  /** Sends to all that hold data and can be reached: the server, or the primaries of a cluster. */
  sendToAll(command: string, args: readonly RedisArgument[]): Promise<readonly unknown[]>;
  /** Resolves when every open connection has answered. */
  ping(): Promise<void>;
  /** Ends those connections that owe the answer to a {@link ping}, for a wire that is given up: calls under way fail at once. */
  dropSilent(): void;
  /** A further connection, for subscriptions. */
  openSubscriber(): Promise<NodeConnection>;
  /** Idempotent. */
  close(): void;
}

/** Connects to the one server that the target names, or to the master that its sentinels know. @throws RedisError */
export async function openSingleWire({ target, clock, name, onEnd, signal }: WireOpening): Promise<RedisWire> {
  const open = (): Promise<NodeConnection> => NodeConnection.open({ target, clock, name, onEnd, signal });
  const server = await open();
  return {
    send: (command) => server.send(command),
    sendToAll: async (command, args) => [await server.send({ command, args })],
    ping: () => server.ping(),
    dropSilent: () => server.dropSilent(),
    openSubscriber: open,
    close: () => server.close(),
  };
}
