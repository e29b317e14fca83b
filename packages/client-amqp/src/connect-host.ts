import type { Socket } from "node:net";
import type { Clock } from "@lovage/foundation";
import { abortable } from "@lovage/foundation";
import type { ChannelModel } from "amqplib";
import { connect } from "amqplib";

import { AmqpError, toAmqpError } from "./amqp-error.ts";
import type { AmqpTarget } from "./amqp-options.ts";
import { nameOf, type AmqpHost } from "./amqp-url.ts";
import { gatherWrites } from "./gathered-writes.ts";

/** A connection of the client, and the host that it leads to. */
export interface HostConnection {
  readonly model: ChannelModel;
  readonly where: string;
}

/** What {@link connectHost} needs beside the host. */
export interface HostOptions {
  readonly target: AmqpTarget;
  readonly clock: Clock;
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/**
 * Connects to one host.
 * @throws AmqpError `unavailable` or `denied`
 */
export async function connectHost(
  host: AmqpHost,
  { target, clock, name, signal }: HostOptions,
): Promise<HostConnection> {
  signal.throwIfAborted();
  const where = nameOf(host);
  const { connectTimeoutMs, heartbeatMs, username, password, vhost, tls, tlsOptions } = target;
  const options = {
    protocol: tls ? "amqps" : "amqp",
    hostname: host.host,
    port: host.port,
    username,
    password,
    // The client decodes it once more.
    vhost: encodeURIComponent(vhost),
    heartbeat: heartbeatMs / 1_000,
  };
  const reason = new AmqpError(`RabbitMQ at ${where} did not answer within ${connectTimeoutMs} ms.`, {
    kind: "unavailable",
  });
  const deadline = clock.deadline(connectTimeoutMs, { reason });
  const attempt = new AbortController();
  const end = (): void => attempt.abort();
  for (const each of [signal, deadline.signal]) each.addEventListener("abort", end, { once: true });
  const socket = {
    noDelay: true,
    timeout: connectTimeoutMs,
    signal: attempt.signal,
    clientProperties: { connection_name: name },
  };
  const connecting = connect(options, { ...tlsOptions, ...socket });
  try {
    const model = await abortable(connecting, AbortSignal.any([signal, deadline.signal]));
    checkStillOpen(model, where);
    // Told again by "close", with the cause; without a listener the process would end.
    model.on("error", () => {});
    gatherWrites(socketOf(model));
    return { model, where };
  } catch (error) {
    // One that comes late is of no use to anybody; a failure was told.
    connecting.then((late) => socketOf(late).destroy(reason)).catch(() => {});
    const failed = toAmqpError(error, where, `connecting to vhost "${vhost}"`);
    throw failed.kind === "denied" ? failed : new AmqpError(failed.message, { kind: "unavailable", cause: failed });
  } finally {
    deadline.cancel();
    signal.removeEventListener("abort", end);
  }
}

/**
 * A server that closes a connection right behind its opening, as one that is stopping does, may be read in one go; the client tells of the end then
 * before anybody can listen, and of the opening after that.
 * @throws AmqpError `unavailable`
 */
function checkStillOpen(model: ChannelModel, where: string): void {
  const { writableEnded, destroyed } = socketOf(model);
  if (!writableEnded && !destroyed) return;
  throw new AmqpError(`RabbitMQ at ${where} closed the connection as soon as it was open.`, { kind: "unavailable" });
}

/** The socket below a connection, which the client's types do not tell of. */
export function socketOf({ connection }: ChannelModel): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream;
}

/** The heartbeat that was agreed on, in ms: the server may ask for a shorter one. `undefined`: there is none. */
export function heartbeatOf({ connection }: ChannelModel): number | undefined {
  const { heartbeat = 0 } = connection as unknown as { readonly heartbeat?: number };
  return heartbeat > 0 ? heartbeat * 1_000 : undefined;
}
