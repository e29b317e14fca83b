import type { Clock, Log, Timer } from "@lovage/foundation";
import type { Redis } from "ioredis";

import { makeClient } from "./make-client.ts";
import { isReadOnlyReply, RedisError, toRedisError } from "./redis-error.ts";
import type { RedisTarget } from "./redis-options.ts";
import { hostsOf } from "./redis-url.ts";
import type { RedisScript } from "./script.ts";
import { Subscriptions, type ChannelListener, type ChannelSubscription } from "./subscriptions.ts";

/** How a {@link RedisConnection} is opened. */
export interface RedisOpening {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the connection in `CLIENT LIST`. */
  readonly name: string;
  /** Told once when the connection is gone, whatever of it went. Not called by `close`. */
  readonly onLost: (cause: RedisError) => void;
}

/** What a command or script takes. */
export type RedisArgument = string | Uint8Array | number;

const heartbeatMs = 5_000;
const patienceMs = 5_000;

/**
 * One connection for commands, and a second one for what is published once something is subscribed to.
 *
 * | state | left by |
 * |---|---|
 * | open | loss of either connection, a silent server, a server that has become a replica, `close` |
 * | ended | never: open another one |
 */
export class RedisConnection {
  /** The servers, for messages. */
  readonly where: string;
  readonly #client: Redis;
  readonly #opening: RedisOpening;
  readonly #subscriptions: Subscriptions;
  #heartbeat: Timer | undefined;
  #lastError: unknown;
  #isEnded = false;

  private constructor(opening: RedisOpening) {
    this.#opening = opening;
    this.where = hostsOf(opening.target);
    this.#client = this.#newClient();
    this.#subscriptions = new Subscriptions(() => this.#openSecond());
  }

  /** Connects. @throws RedisError (`REDIS_FAILED`) */
  static async open(opening: RedisOpening): Promise<RedisConnection> {
    const connection = new RedisConnection(opening);
    try {
      await connection.#client.connect();
    } catch (error) {
      connection.close();
      throw connection.#notReached(error);
    }
    connection.#beat();
    return connection;
  }

  /** Runs a script. Replies are numbers, buffers, `null` and arrays of these. @throws RedisError (`REDIS_FAILED`) */
  async run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args] as (string | Buffer | number)[];
    try {
      return await this.#send("EVALSHA", [script.sha1, ...rest]);
    } catch (error) {
      // The server has forgotten its scripts, or never had this one.
      if (!isNoScript(error)) throw this.#failed(error);
    }
    return this.call("EVAL", [script.source, ...rest]);
  }

  /** Runs one command. Replies as {@link run} gives them. @throws RedisError (`REDIS_FAILED`) */
  async call(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    try {
      return await this.#send(command, args);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Resolves once nothing that is published from now on is missed. `listener` must not throw. @throws RedisError (`REDIS_FAILED`) */
  async subscribe(channels: readonly string[], listener: ChannelListener): Promise<ChannelSubscription> {
    try {
      return await this.#subscriptions.add(channels, listener);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Idempotent; calls under way fail. */
  close(): void {
    this.#isEnded = true;
    this.#heartbeat?.cancel();
    this.#client.disconnect();
    this.#subscriptions.close();
  }

  #send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    if (this.#isEnded)
      throw new RedisError(`Redis at ${this.where}: the connection has ended.`, { kind: "unavailable" });
    return this.#client.callBuffer(command, args as (string | Buffer | number)[]);
  }

  #failed(error: unknown): RedisError {
    const failure = toRedisError(error, this.where);
    if (isReadOnlyReply(error)) this.#lose(failure);
    return failure;
  }

  #newClient(): Redis {
    const client = makeClient(this.#opening.target, this.#opening.name);
    // Without a listener ioredis prints errors; the last one is the reason of the end that follows.
    client.on("error", (error: unknown) => (this.#lastError = error));
    client.on("end", () =>
      this.#lose(toRedisError(this.#lastError ?? new Error("The connection was closed."), this.where)),
    );
    return client;
  }

  async #openSecond(): Promise<Redis> {
    const client = this.#newClient();
    try {
      await client.connect();
    } catch (error) {
      client.disconnect();
      throw this.#notReached(error);
    }
    return client;
  }

  /** Whatever went wrong while connecting: nothing was written. What a failed attempt itself says is only that it failed. */
  #notReached(error: unknown): RedisError {
    const reason = this.#lastError ?? error;
    const failure = toRedisError(reason, this.where);
    if (failure.kind !== "broken") return failure;
    const text = reason instanceof Error ? reason.message : String(reason);
    return new RedisError(`Redis at ${this.where} cannot be reached: ${text}`, { kind: "unavailable", cause: reason });
  }

  #lose(cause: RedisError): void {
    if (this.#isEnded) return;
    this.close();
    this.#opening.onLost(cause);
  }

  /** A server that is gone without a word is found by its silence. */
  #beat(): void {
    if (this.#isEnded) return;
    const { clock } = this.#opening;
    this.#heartbeat = clock.timer(heartbeatMs, () => void this.#ping(), { keepAlive: false });
  }

  async #ping(): Promise<void> {
    const silence = new RedisError(`Redis at ${this.where} does not answer.`, { kind: "broken" });
    this.#heartbeat = this.#opening.clock.timer(patienceMs, () => this.#lose(silence), { keepAlive: false });
    try {
      await this.#send("PING", []);
    } catch (error) {
      // The end of the connection is told by its own event; any other answer is one.
      this.#opening.log.debug("Redis refused a heartbeat.", { error: String(error) });
    }
    this.#heartbeat.cancel();
    this.#beat();
  }
}

function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
