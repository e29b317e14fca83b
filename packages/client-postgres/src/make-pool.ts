import { Socket } from "node:net";

import { Client, Pool, type ClientBase, type ClientConfig } from "pg";

import type { PostgresTarget } from "./postgres-options.ts";

const connectMs = 10_000;

/** How connections are made. */
export interface ConnectionHooks {
  readonly applicationName: string;
  /** Every socket that is open, also one that is only connecting: so that all can be ended at once. */
  readonly sockets: Set<Socket>;
}

/** What `pg` is told of a target. Never falls back to plain text when TLS was asked for. */
function clientConfig(target: PostgresTarget, { applicationName, sockets }: ConnectionHooks): ClientConfig {
  const { host, port, user, password, database, ssl, checksHost } = target;
  return {
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ssl: ssl === false || checksHost ? ssl : { ...ssl, checkServerIdentity: () => undefined },
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
    application_name: applicationName.slice(0, 63),
    stream: () => keptSocket(sockets),
  };
}

function keptSocket(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return socket;
}

/** A client beside the pool, not connected yet. */
export function makeClient(target: PostgresTarget, hooks: ConnectionHooks): Client {
  return new Client(clientConfig(target, hooks));
}

/** A pool of our own; connects when it is used. `prepare` runs on each new connection before it is used. */
export function makePool(
  target: PostgresTarget,
  { prepare, ...hooks }: ConnectionHooks & { readonly prepare: (client: ClientBase) => Promise<void> },
): Pool {
  return new Pool({
    ...clientConfig(target, hooks),
    max: target.poolSize,
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: true,
    // The pool waits for a promise that is returned, which its types do not know.
    onConnect: (client): void => prepare(client) as unknown as void,
  });
}
