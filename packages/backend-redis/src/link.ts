import { BackendUnavailableError } from "@lovage/backend";
import { RedisConnection, type RedisArgument, type RedisScript, type RedisTarget } from "@lovage/client-redis";
import { backOff, ClosedError, isLovageError, SingleFlight, type Clock, type Log } from "@lovage/foundation";

import { toBackendError } from "./errors.ts";

/** What a {@link Link} needs. */
export interface LinkOptions {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  /** Looks at a new connection's server; throws to refuse it. */
  readonly check: (connection: RedisConnection) => Promise<void>;
}

const waits = { baseMs: 50, maxMs: 5_000, jitter: "full" } as const;

/**
 * The way to Redis: one connection, opened when it is needed, and opened anew after it was lost.
 *
 * | state | calls | left by |
 * |---|---|---|
 * | connected | go to the server | a loss, `close` |
 * | apart | try to connect, once for all that wait; a refusal is fatal the first time only | success, `close` |
 * | closed | reject with `CLOSED` | never |
 */
export class Link {
  readonly clock: Clock;
  readonly log: Log;
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #connection: RedisConnection | undefined;
  readonly #opening = new SingleFlight(() => this.#reopen());
  #wasOpen = false;
  /** What was said last of a connection that is refused. */
  #refusal: string | undefined;
  /** Called after each new connection, before calls go on. */
  onConnected: (connection: RedisConnection) => Promise<void> = async () => {};
  /** Whether somebody waits for news, so that a lost connection is sought again without a call. */
  isNeeded: () => boolean = () => false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.log = options.log;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Waits for replicas, where the target asks for them. @throws BACKEND_UNAVAILABLE, CLOSED */
  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    return this.use((connection) => connection.run(script, keys, args, { durably: true }));
  }

  /** Runs a script that writes nothing that may not be lost. @throws BACKEND_UNAVAILABLE, CLOSED */
  look(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    return this.use((connection) => connection.run(script, keys, args));
  }

  /** @throws BACKEND_UNAVAILABLE, CLOSED */
  call(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    return this.use((connection) => connection.call(command, args));
  }

  /** @throws BACKEND_UNAVAILABLE, CLOSED */
  async use<T>(work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    try {
      return await work(this.#connection ?? (await this.#opening.run()));
    } catch (error) {
      this.#refuseIfClosed();
      throw toBackendError(error);
    }
  }

  /** Idempotent. */
  close(): void {
    // Ends the connection, open or on its way.
    this.#closing.abort();
    this.#connection = undefined;
  }

  #refuseIfClosed(): void {
    if (this.isClosed) throw new ClosedError("The Redis backend is closed: open another one to go on.");
  }

  /**
   * Who was let in once is let in again in the end: until a password, a right or a certificate is mended the server counts as one that cannot be reached,
   * or what is under way would end as a fault of its own.
   */
  async #reopen(): Promise<RedisConnection> {
    try {
      return await this.#open();
    } catch (error) {
      if (!this.#wasOpen || this.isClosed || !isLovageError(error) || error.retryable) throw error;
      const { message } = error;
      if (message !== this.#refusal) this.log.warn("The backend refuses the connection.", { error: message });
      this.#refusal = message;
      throw new BackendUnavailableError(message, { cause: error });
    }
  }

  async #open(): Promise<RedisConnection> {
    const { target, clock, log, name, check } = this.#options;
    let isOpen = false;
    // An attempt that fails is told to those who wait for it; only what was open can be lost.
    const onLost = (cause: Error): void => void (isOpen && this.#lost(cause));
    const { signal } = this.#closing;
    const connection = await RedisConnection.open({ target, clock, log, name: `lovage:${name}`, onLost, signal });
    try {
      await check(connection);
      await this.onConnected(connection);
      this.#refuseIfClosed();
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    this.#wasOpen = true;
    this.#refusal = undefined;
    isOpen = true;
    return connection;
  }

  async #lost(cause: Error): Promise<void> {
    this.#connection = undefined;
    this.log.warn("The connection to the backend is lost.", { error: cause.message });
    for (let attempt = 0; this.isNeeded() && this.#connection === undefined; attempt += 1) {
      try {
        await this.clock.sleep(backOff(waits, attempt), { signal: this.#closing.signal });
        await this.#opening.run();
      } catch (error) {
        if (this.isClosed) return;
        this.log.debug("An attempt to reconnect failed.", { error: String(error) });
      }
    }
  }
}
