import { errorText, Turns, type Clock } from "@lovage/foundation";
import type { Redis } from "ioredis";

import { FramedCommand } from "./framed-command.ts";
import { hangUp } from "./hang-up.ts";
import { makeClient } from "./make-client.ts";
import type { RedisCommand } from "./redis-command.ts";
import { isRedisError, RedisError, toRedisError } from "./redis-error.ts";
import type { RedisTarget } from "./redis-options.ts";
import { hostsOf, type RedisHost } from "./redis-url.ts";

/** A command for one node. */
type NodeCommand = Omit<RedisCommand, "key">;

/** How a {@link NodeConnection} is opened. */
export interface NodeOpening {
  readonly target: RedisTarget;
  readonly clock: Clock;
  /** A node of a cluster; absent where the target itself says where to go. */
  readonly node?: RedisHost;
  /** Name of the connection in `CLIENT LIST`. */
  readonly name: string;
  /** Told once when the connection has ended after it was open, whoever ended it. */
  readonly onEnd: (cause: RedisError) => void;
  /** Gives up the attempt; what is open is closed by `close`. */
  readonly signal?: AbortSignal | undefined;
}

/** How long a server may take to answer a new connection. */
const connectMs = 10_000;
/** How long a master may wait for its replicas: its connection answers nothing meanwhile, and a heartbeat has 5 s. */
const replicationMs = 4_000;
/** A server without TLS waits for the rest of what it takes for a command, or hangs up, as the random bytes of the greeting happen to be. */
const signsOfPlainText = /ETIMEDOUT|ECONNRESET|no answer|before secure TLS connection/;

/** One connection to one server. It never reconnects. */
export class NodeConnection {
  readonly #where: string;
  readonly #usesTls: boolean;
  readonly #client: Redis;
  readonly #waits = new Turns();
  /** The next one to be sent. */
  #wait: Promise<number> | undefined;
  #lastError: unknown;
  #wasOpen = false;
  /** A heartbeat has not been answered yet. */
  #isAsked = false;

  private constructor({ target, node, name, onEnd }: NodeOpening) {
    this.#where = node === undefined ? hostsOf(target) : hostsOf({ hosts: [node] });
    this.#usesTls = target.tls;
    this.#client = makeClient(target, name, node);
    // Without a listener ioredis prints errors; the last one is the reason of the end that follows.
    this.#client.on("error", (error: unknown) => (this.#lastError = error));
    this.#client.once("end", () => {
      if (this.#wasOpen) onEnd(toRedisError(this.#lastError ?? new Error("The connection was closed."), this.#where));
    });
  }

  /** Connects. @throws RedisError (`REDIS_FAILED`) */
  static async open(opening: NodeOpening): Promise<NodeConnection> {
    const connection = new NodeConnection(opening);
    const { signal, clock } = opening;
    // The client's own limit ends when the socket is open, though nobody may be behind it.
    const silence = clock.timer(connectMs, () => connection.#abandon(`no answer within ${connectMs} ms`));
    const onAbort = (): void => connection.#abandon("it was closed meanwhile");
    signal?.addEventListener("abort", onAbort);
    try {
      signal?.throwIfAborted();
      await connection.#client.connect();
      connection.#checkDatabase();
      connection.#wasOpen = true;
      return connection;
    } catch (error) {
      connection.close();
      throw connection.#notReached(error);
    } finally {
      silence.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** For subscriptions. */
  get client(): Redis {
    return this.#client;
  }

  /**
   * Sends a command; it is not repeated. Rejects with what the client says.
   * @throws RedisError when too few replicas have in time what was written
   */
  send(command: NodeCommand): Promise<unknown> {
    const reply = this.#call(command);
    const { replicas = 0 } = command;
    return replicas > 0 ? this.#replicated(reply, replicas) : reply;
  }

  /** As {@link send}, for a slot that is on its way to this node. */
  sendAsking(command: NodeCommand): Promise<unknown> {
    // Written one after the other, and a connection answers in order.
    const both = Promise.all([this.#call({ command: "ASKING", args: [] }), this.#call(command)]);
    const reply = both.then(([, found]) => found);
    const { replicas = 0 } = command;
    return replicas > 0 ? this.#replicated(reply, replicas) : reply;
  }

  /** Resolves once it has answered. Rejects with what the client says. */
  async ping(): Promise<void> {
    this.#isAsked = true;
    try {
      await this.#call({ command: "PING", args: [] });
    } finally {
      this.#isAsked = false;
    }
  }

  /** Ends it if it owes the answer to a {@link ping}: calls under way fail at once. */
  dropSilent(): void {
    if (this.#isAsked) this.#abandon("it does not answer");
  }

  /** Idempotent; calls under way fail. */
  close(): void {
    // The client would set a timer for a socket that has ended already.
    if (this.#client.status !== "end") this.#client.disconnect();
  }

  #call({ command, args, written }: NodeCommand): Promise<unknown> {
    if (written === undefined) return this.#client.callBuffer(command, args as (string | Buffer | number)[]);
    return this.#client.sendCommand(new FramedCommand(command, args.map(String), written)) as Promise<unknown>;
  }

  async #replicated(reply: Promise<unknown>, replicas: number): Promise<unknown> {
    const found = await reply;
    await this.#replicate(replicas);
    return found;
  }

  /** Whatever comes in between: what it is asked for has been written, and must not be taken for refused. */
  async #replicate(replicas: number): Promise<void> {
    const found = await this.#countReplicas(replicas).catch((error: unknown) => {
      const reason = errorText(error);
      throw this.#unreplicated(`how many replicas have it is not known (${reason})`, error);
    });
    if (found >= replicas) return;
    throw this.#unreplicated(`only ${found} of ${replicas} replicas had it in time`);
  }

  #unreplicated(reason: string, cause?: unknown): RedisError {
    const text = `Redis at ${this.#where} has written it, but a failover may lose it: ${reason}.`;
    return new RedisError(text, { kind: "unreplicated", cause });
  }

  /** How many replicas have what is answered so far. What is answered while one is asked for shares the next: one behind the other they would hold up the connection for long. */
  #countReplicas(replicas: number): Promise<number> {
    return (this.#wait ??= this.#waits.take(async () => {
      this.#wait = undefined;
      return Number(await this.#call({ command: "WAIT", args: [replicas, replicationMs] }));
    }));
  }

  #abandon(reason: string): void {
    this.#lastError ??= new Error(reason);
    hangUp(this.#client);
  }

  /** Of a database that the server refuses the client only tells, and goes on with database 0, which may be somebody else's. */
  #checkDatabase(): void {
    const error = this.#lastError;
    if (!(error instanceof Error) || error.name !== "ReplyError") return;
    const { db = 0 } = this.#client.options;
    const { kind } = toRedisError(error, this.#where);
    throw new RedisError(
      `Redis at ${this.#where} does not give database ${db}: ${error.message}. Check its number, "databases" of the server, and whether the user may "select".`,
      { kind, cause: error },
    );
  }

  /** Whatever went wrong while connecting: nothing was written. What a failed attempt itself says is only that it failed. */
  #notReached(error: unknown): RedisError {
    if (isRedisError(error)) return error;
    const reason = this.#lastError ?? error;
    const failure = toRedisError(reason, this.#where);
    if (failure.kind !== "broken") return failure;
    const text = errorText(reason);
    const hint =
      this.#usesTls && signsOfPlainText.test(text) ? ". Does it speak TLS at this port? If not, write redis:" : "";
    return new RedisError(`Redis at ${this.#where} cannot be reached: ${text}${hint}`, {
      kind: "unavailable",
      cause: reason,
    });
  }
}
