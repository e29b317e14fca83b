import type { Clock, Log } from "@lovage/foundation";
import { abortable, backOff } from "@lovage/foundation";

import { AmqpError, toAmqpError } from "./amqp-error.ts";
import type { AmqpTarget } from "./amqp-options.ts";
import { AmqpSession } from "./amqp-session.ts";
import { connectHost } from "./connect-host.ts";

/** Whether the broker can be reached over a link. */
export type LinkState = "open" | "reconnecting" | "closed";

/** What an {@link AmqpLink} is opened with. */
export interface LinkOptions {
  readonly target: AmqpTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Closes the link, also while it is being opened. */
  readonly signal?: AbortSignal;
  /**
   * Called with each new session before it is used, and before the state is `open`: declares what is needed. When it fails, the session is
   * given up and another one tried.
   */
  readonly prepare?: (session: AmqpSession) => Promise<void>;
  /** Told of each session once the link is open, the first too. Must not throw. */
  readonly onSession?: (session: AmqpSession) => void;
  /** Told of each change of state. Must not throw. */
  readonly onState?: (state: LinkState, cause?: Error) => void;
}

/** Waits between rounds over all hosts: quick after a first loss, and never so long that a broker which is back is kept waiting. */
const waits = { baseMs: 100, maxMs: 4_000, jitter: "equal" } as const;

/**
 * A connection to a broker that comes back: over sessions, one after the other, to whichever of its hosts answers.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `open` | after `open`, and when a new session is ready | the session ends, or `close` |
 * | `reconnecting` | the session ended | a new one is ready, or `close` |
 * | `closed` | `close` | never |
 */
export class AmqpLink {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #session: AmqpSession | undefined;
  /** The next one, which is not used yet. */
  #preparing: AmqpSession | undefined;
  #state: LinkState = "reconnecting";
  #cause: Error | undefined;
  #hostsTried = 0;
  #changed = Promise.withResolvers<void>();

  private constructor(options: LinkOptions) {
    this.#options = options;
    options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  /** @throws AmqpError when no host can be reached; ConfigurationError for TLS options that cannot be used */
  static async open(options: LinkOptions): Promise<AmqpLink> {
    options.signal?.throwIfAborted();
    const link = new AmqpLink(options);
    link.#adopt(await link.#connect());
    return link;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the last session ended. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** The present session; `undefined` while there is none. */
  get session(): AmqpSession | undefined {
    return this.#state === "open" ? this.#session : undefined;
  }

  /** The present session. @throws AmqpError `unavailable` */
  requireSession(): AmqpSession {
    if (this.session !== undefined) return this.session;
    const why = this.#cause === undefined ? "" : `: ${this.#cause.message}`;
    throw new AmqpError(`RabbitMQ is away${why}`, { kind: "unavailable", cause: this.#cause });
  }

  /**
   * The present session, or the next one when it comes in time.
   * @param withinMs How long to wait. @default the time that connecting may take
   * @throws AmqpError `unavailable`
   */
  async nextSession(withinMs: number = this.#options.target.connectTimeoutMs): Promise<AmqpSession> {
    if (this.#state === "reconnecting") {
      const deadline = this.#options.clock.deadline(withinMs);
      // Why it ended does not matter: whether there is a session now does.
      await abortable(this.#changed.promise, deadline.signal).catch(() => {});
      deadline.cancel();
    }
    return this.requireSession();
  }

  /** Lets go of the broker. Idempotent, never rejects. */
  async close(withinMs = 250): Promise<void> {
    if (this.#state === "closed") return;
    const session = this.session ?? this.#preparing;
    this.#become("closed");
    this.#closing.abort();
    await session?.close(withinMs);
  }

  /** Tries every host once, beginning where the last round ended, or after the host that was lost. */
  async #connect(): Promise<AmqpSession> {
    const { target, clock, name, prepare } = this.#options;
    let last: unknown;
    for (const _ of target.hosts) {
      const host = target.hosts[this.#hostsTried % target.hosts.length] ?? target.hosts[0];
      try {
        const connection = await connectHost(host, { target, clock, name, signal: this.#closing.signal });
        const session = new AmqpSession(connection, clock, target.heartbeatMs);
        return await this.#prepared(session, prepare);
      } catch (error) {
        last = error;
        this.#hostsTried += 1;
      }
    }
    throw toAmqpError(last, "no host", "connecting");
  }

  async #prepared(session: AmqpSession, prepare: LinkOptions["prepare"]): Promise<AmqpSession> {
    this.#preparing = session;
    try {
      await prepare?.(session);
      session.ended.throwIfAborted();
      return session;
    } catch (error) {
      await session.close(250);
      throw error;
    } finally {
      this.#preparing = undefined;
    }
  }

  #adopt(session: AmqpSession): void {
    if (this.#closing.signal.aborted) return void session.close(250);
    this.#session = session;
    this.#become("open");
    session.ended.addEventListener("abort", () => this.#lose(session), { once: true });
    this.#options.onSession?.(session);
  }

  #lose(session: AmqpSession): void {
    if (this.#state !== "open" || this.#session !== session) return;
    const cause = session.ended.reason as Error;
    this.#session = undefined;
    this.#cause = cause;
    // One that fell silent would be waited for once more, for as long as connecting may take.
    this.#hostsTried += 1;
    this.#options.log.warn("The connection to RabbitMQ is lost; reconnecting.", { error: cause.message });
    this.#become("reconnecting", cause);
    void this.#reconnect();
  }

  #become(state: LinkState, cause?: Error): void {
    this.#state = state;
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
    this.#options.onState?.(state, cause);
  }

  async #reconnect(): Promise<void> {
    const { clock, log } = this.#options;
    const startedAtMs = clock.monotonic();
    for (let attempt = 0; this.#state === "reconnecting"; attempt += 1) {
      try {
        await clock.sleep(backOff(waits, attempt), { signal: this.#closing.signal });
        const session = await this.#connect();
        const awayMs = Math.round(clock.monotonic() - startedAtMs);
        log.info("The connection to RabbitMQ is back.", { attempts: attempt + 1, awayMs, host: session.where });
        return this.#adopt(session);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        const cause = toAmqpError(error, "no host", "connecting");
        // A refusal lasts until somebody does something about it.
        const isNews = cause.kind === "denied" && cause.message !== this.#cause?.message;
        log[isNews ? "warn" : "debug"]("An attempt to reconnect failed.", { error: cause.message });
        this.#cause = cause;
      }
    }
  }
}
