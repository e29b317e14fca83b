import { isLovageError, type Clock, type Log, type Timer } from "@lovage/foundation";
import type { Redis } from "ioredis";

import { ArgumentWriter } from "./argument-writer.ts";
import { ClusterWire } from "./cluster-wire.ts";
import { taggedPart } from "./key-slot.ts";
import type { RedisArgument, RedisCommand } from "./redis-command.ts";
import { isReadOnlyReply, RedisError, toRedisError } from "./redis-error.ts";
import type { RedisTarget } from "./redis-options.ts";
import { hostsOf } from "./redis-url.ts";
import { openSingleWire, type RedisWire } from "./redis-wire.ts";
import type { RedisScript } from "./script.ts";
import { Subscriptions, type ChannelListener, type ChannelSubscription, type KeyListener } from "./subscriptions.ts";

/** How a {@link RedisConnection} is opened. */
export interface RedisOpening {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the connection in `CLIENT LIST`. */
  readonly name: string;
  /** Told once when the connection is gone, whatever of it went. Not called by `close`. */
  readonly onLost: (cause: RedisError) => void;
  /** Closes it, also while it is being opened. */
  readonly signal?: AbortSignal | undefined;
}

/** How {@link RedisConnection.run} runs a script. */
export interface RunOptions {
  /** What it writes counts only once as many replicas have it as the target's `replicas` says. @default false */
  readonly durably?: boolean;
}

const heartbeatMs = 5_000;
const patienceMs = 5_000;

/** Commands without a key: any node of a cluster carries them out. Of all others the first argument is a key. */
const keyless: ReadonlySet<string> = new Set(["PING", "INFO", "TIME", "CONFIG", "SCRIPT", "CLIENT", "PUBLISH"]);

/**
 * One connection for commands, to each node of a cluster if it is one, and a second one for what is published once something is subscribed to.
 *
 * | state | left by |
 * |---|---|
 * | open | loss of any of its connections, a silent server, a server that has become a replica, `close` |
 * | ended | never: open another one |
 */
export class RedisConnection {
  /** The servers, for messages. */
  readonly where: string;
  /** A script can touch only keys of one slot. */
  readonly isCluster: boolean;
  /** How many replicas must have what is written durably. */
  readonly replicas: number;
  readonly #opening: RedisOpening;
  readonly #subscriptions: Subscriptions;
  /** Gives up what is being opened. */
  readonly #closing = new AbortController();
  readonly #onAbort = (): void => this.close();
  #wire: RedisWire | undefined;
  #heartbeat: Timer | undefined;
  #isEnded = false;
  /** Why a part of it went before all of it was there: one node of a cluster, while another one was waited for. */
  #lostEarly: RedisError | undefined;

  private constructor(opening: RedisOpening) {
    this.#opening = opening;
    this.where = hostsOf(opening.target);
    this.isCluster = opening.target.isCluster;
    this.replicas = opening.target.replicas;
    this.#subscriptions = new Subscriptions(() => this.#openSubscriber());
  }

  /** Connects. @throws RedisError (`REDIS_FAILED`), CONFIGURATION_INVALID */
  static async open(opening: RedisOpening): Promise<RedisConnection> {
    const connection = new RedisConnection(opening);
    const { target, clock, log, name } = opening;
    const onEnd = (cause: RedisError): void => connection.#lose(cause);
    const how = { target, clock, log, name, onEnd, signal: connection.#closing.signal };
    opening.signal?.addEventListener("abort", connection.#onAbort);
    if (opening.signal?.aborted === true) connection.close();
    try {
      connection.#wire = target.isCluster ? await ClusterWire.open(how) : await openSingleWire(how);
      if (connection.#lostEarly !== undefined) throw connection.#lostEarly;
      // It may have been closed while the wire was handed over.
      connection.#openWire();
    } catch (error) {
      connection.close();
      throw isLovageError(error) ? error : toRedisError(error, connection.where);
    }
    connection.#beat();
    return connection;
  }

  /**
   * Runs a script; in a cluster, where its first key is, with one more key at the end unless it touches only that one. Replies are numbers, buffers, `null` and arrays of these.
   * @throws RedisError (`REDIS_FAILED`)
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly RedisArgument[] | ArgumentWriter,
    { durably = false }: RunOptions = {},
  ): Promise<unknown> {
    const all = this.isCluster && !script.isOfOneKey ? withGuard(keys) : keys;
    const written = args instanceof ArgumentWriter ? args : undefined;
    const given = args instanceof ArgumentWriter ? [] : args;
    const rest = [all.length, ...all, ...given];
    const where = { key: keys[0], replicas: durably ? this.replicas : 0, written };
    try {
      return await this.#send({ command: "EVALSHA", args: [script.sha1, ...rest], ...where });
    } catch (error) {
      // The server has forgotten its scripts, or never had this one.
      if (!isNoScript(error)) throw this.#failed(error);
    }
    return this.#sendOrFail({ command: "EVAL", args: [script.source, ...rest], ...where });
  }

  /** Runs one command; in a cluster, where the key is that comes first. Replies as {@link run} gives them. @throws RedisError (`REDIS_FAILED`) */
  call(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    return this.#sendOrFail({ command, args, key: keyless.has(command) ? undefined : String(args[0]) });
  }

  /** Runs one command on the server, or on each primary of a cluster that can be reached. @throws RedisError (`REDIS_FAILED`) */
  async callAll(command: string, args: readonly RedisArgument[]): Promise<readonly unknown[]> {
    try {
      return await this.#openWire().sendToAll(command, args);
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

  /**
   * Tells when watched keys change, whoever changes them. Costs nothing while they do not: the server remembers who has looked.
   * @returns how to look: tells how many of the keys exist, and watches them until the first change of each, of which the listener is told once;
   *   `undefined` where the server cannot (its ACL forbids it, it has no `CLIENT TRACKING`, or is a cluster)
   * @throws RedisError (`REDIS_FAILED`)
   */
  async watchKeys(listener: KeyListener): Promise<((keys: readonly string[]) => Promise<number>) | undefined> {
    // In a cluster each node would have to be asked, and followed when a slot moves.
    if (this.isCluster) return undefined;
    try {
      const id = await this.#subscriptions.hearKeys(listener);
      if (id === undefined) return undefined;
      await this.call("CLIENT", ["TRACKING", "ON", "REDIRECT", id, "OPTIN"]);
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.retryable) throw failure;
      this.#opening.log.debug("Redis does not tell of changed keys.", { error: failure.message });
      return undefined;
    }
    return async (keys) => {
      // The first holds for the very next command of the connection, so both are sent in one breath.
      const [, found] = await Promise.all([this.call("CLIENT", ["CACHING", "YES"]), this.call("EXISTS", keys)]);
      return Number(found);
    };
  }

  /** Idempotent; calls under way fail. */
  close(): void {
    this.#isEnded = true;
    this.#opening.signal?.removeEventListener("abort", this.#onAbort);
    this.#closing.abort();
    this.#heartbeat?.cancel();
    this.#wire?.close();
    this.#subscriptions.close();
  }

  async #sendOrFail(command: RedisCommand): Promise<unknown> {
    try {
      return await this.#send(command);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #send(command: RedisCommand): Promise<unknown> {
    return this.#openWire().send(command);
  }

  #openWire(): RedisWire {
    if (this.#wire !== undefined && !this.#isEnded) return this.#wire;
    throw new RedisError(`Redis at ${this.where}: the connection has ended.`, { kind: "unavailable" });
  }

  #failed(error: unknown): RedisError {
    const failure = toRedisError(error, this.where);
    if (isReadOnlyReply(error)) this.#lose(failure);
    return failure;
  }

  async #openSubscriber(): Promise<Redis> {
    return (await this.#openWire().openSubscriber()).client;
  }

  #lose(cause: RedisError): void {
    if (this.#isEnded) return;
    if (this.#wire === undefined) {
      this.#lostEarly ??= cause;
      return;
    }
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
    const onOver = (): void => {
      // User code may have blocked the event loop all the while: an answer that is there is read before this runs.
      setImmediate(() => {
        if (this.#heartbeat !== patience) return;
        // Left for the client to end, old calls would fail in two seconds, and be taken for a loss of the connection that is opened next.
        this.#wire?.dropSilent();
        this.#subscriptions.dropSilent();
        this.#lose(silence);
      });
    };
    const patience = this.#opening.clock.timer(patienceMs, onOver, { keepAlive: false });
    this.#heartbeat = patience;
    // The one for what is published stands idle for long, and on the way an idle connection is dropped first, without a word.
    for (const answer of await Promise.allSettled([this.#wire?.ping(), this.#subscriptions.ping()])) {
      // The end of the connection is told by its own event; any other answer is one.
      if (answer.status === "rejected")
        this.#opening.log.debug("Redis refused a heartbeat.", { error: String(answer.reason) });
    }
    this.#heartbeat.cancel();
    this.#beat();
  }
}

/**
 * Scripts make names of keys that they were not given. While a slot moves from node to node such keys may be here or there, and a script would fail
 * in the midst of its work. A key that never exists makes the node answer TRYAGAIN before the script begins, for as long as the slot moves.
 */
function withGuard(keys: readonly string[]): readonly string[] {
  const tagged = keys.map(taggedPart).find((part) => part !== undefined);
  return tagged === undefined ? keys : [...keys, `${tagged}:guard`];
}

function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
