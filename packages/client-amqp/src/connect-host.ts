import type { Socket } from "node:net";
import type { Clock } from "@lovage/foundation";
import { abortable } from "@lovage/foundation";
import type { ChannelModel, Options } from "amqplib";
import { connect } from "amqplib";

import { AmqpError, isAmqpError, toAmqpError } from "./amqp-error.ts";
import type { AmqpTarget } from "./amqp-options.ts";
import { nameOf, type AmqpHost } from "./amqp-url.ts";
import { gatherWrites } from "./gathered-writes.ts";
import { patience } from "./patience.ts";
import { readAllHeaders } from "./readable-headers.ts";

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

/** How long a vhost may take to come up that was made just now, or whose node was started. */
const vhostMs = 1_000;
/** So the client tells of a vhost that is not there, not for this user, or not up yet. It does not pass on which. */
const refusedVhost = /ConnectionOpenOk; got <ConnectionClose/;

/**
 * Connects to one host.
 * @throws AmqpError `unavailable` or `denied`
 */
export async function connectHost(host: AmqpHost, options: HostOptions): Promise<HostConnection> {
  try {
    return await connectOnce(host, options);
  } catch (error) {
    if (!isAmqpError(error) || !refusesVhost(error.cause)) throw error;
    await options.clock.sleep(vhostMs, { signal: options.signal });
    return await connectOnce(host, options);
  }
}

async function connectOnce(host: AmqpHost, { target, clock, name, signal }: HostOptions): Promise<HostConnection> {
  signal.throwIfAborted();
  const where = nameOf(host);
  const { connectTimeoutMs, tlsOptions } = target;
  const reason = new AmqpError(`RabbitMQ at ${where} did not answer within ${connectTimeoutMs} ms.`, {
    kind: "unavailable",
  });
  const attempt = new AbortController();
  const waiting = patience(clock, connectTimeoutMs, () => attempt.abort(reason));
  const end = (): void => attempt.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  const socket = { noDelay: true, signal: attempt.signal, clientProperties: { connection_name: name } };
  const connecting = connect(addressOf(host, target), { ...tlsOptions, ...socket });
  try {
    const model = await abortable(connecting, attempt.signal);
    checkStillOpen(model, where);
    // Told again by "close", with the cause; without a listener the process would end.
    model.on("error", () => {});
    gatherWrites(socketOf(model));
    readAllHeaders(model);
    return { model, where };
  } catch (error) {
    // One that comes late is of no use to anybody; a failure was told.
    connecting.then((late) => socketOf(late).destroy(reason)).catch(() => {});
    throw connectFailure(error, where, target);
  } finally {
    waiting.cancel();
    signal.removeEventListener("abort", end);
  }
}

/** Where the client connects to, and as whom. */
function addressOf({ host, port }: AmqpHost, target: AmqpTarget): Options.Connect {
  const { heartbeatMs, username, password, vhost, tls } = target;
  return {
    protocol: tls ? "amqps" : "amqp",
    hostname: host,
    port,
    username,
    password,
    // The client decodes it once more.
    vhost: encodeURIComponent(vhost),
    heartbeat: heartbeatMs / 1_000,
  };
}

/** Whatever ends an attempt, the server cannot be had for now; but whom it refuses it will refuse again. */
function connectFailure(error: unknown, where: string, target: AmqpTarget): AmqpError {
  if (refusesVhost(error)) return vhostRefused(where, target, error);
  const failed = toAmqpError(error, where, `connecting to vhost "${target.vhost}"`);
  return failed.kind === "denied" ? failed : new AmqpError(failed.message, { kind: "unavailable", cause: failed });
}

function refusesVhost(error: unknown): boolean {
  return error instanceof Error && refusedVhost.test(error.message);
}

function vhostRefused(where: string, { vhost, username }: AmqpTarget, cause: unknown): AmqpError {
  const whose = `"rabbitmqctl set_permissions --vhost ${vhost} ${username} '.*' '.*' '.*'"`;
  return new AmqpError(
    `RabbitMQ at ${where}: there is no vhost "${vhost}", or user "${username}" may not use it. "rabbitmqctl add_vhost ${vhost}" makes it, ${whose} lets the user in.`,
    { kind: "denied", cause },
  );
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
