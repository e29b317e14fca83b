import type { Clock, Log } from "@lovage/foundation";
import { asError, backOff, hasCode } from "@lovage/foundation";
import type { ConnectionState } from "@lovage/transport";

import { isRefusal } from "./is-transient.ts";

/** What a {@link StoreLink} needs. */
export interface StoreLinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Connects to the store. */
  readonly open: () => Promise<void>;
  /** Lets go of a store that was connected only after the link was closed. */
  readonly close: () => Promise<void>;
  /** Brings back what a lost store may have forgotten, before the state becomes `open` again. */
  readonly restore: () => Promise<void>;
  /** For so long a caller that told of a loss is not heard again, in ms: well within a lease. */
  readonly unheardMs: number;
  /** Told of each change of state. */
  readonly onState: (state: ConnectionState, cause?: Error) => void;
}

/**
 * The first attempts are fast: most losses are a restart or a failover that is over at once. The last ones are not slow: an outage of 20 s must not become one
 * of 45 s, in which leases of 30 s end and publish calls run out of time. An attempt at a store that is away costs it nothing.
 */
const waits = { baseMs: 50, maxMs: 5_000, jitter: "full" } as const;
/** How often at most it is told that the store is busy. */
const busyNewsMs = 60_000;

/**
 * Whether the store can be reached, and the way back to it.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `open` | by `connect`, or when an attempt to reconnect succeeded | `lose`, `close` |
 * | `reconnecting` | by `lose`, or when a call reported the store unavailable | an attempt succeeded, or `close` |
 * | `closed` | by `close` | never |
 */
export class StoreLink {
  readonly #options: StoreLinkOptions;
  readonly #closing = new AbortController();
  #state: ConnectionState = "open";
  #losses = 0;
  #cause: Error | undefined;
  #changed = Promise.withResolvers<void>();
  /** When callers were heard last. */
  readonly #heardAtMs = new WeakMap<object, number>();
  #toldBusyAtMs = -Infinity;

  constructor(options: StoreLinkOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why the store was left last. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** Aborts when the link is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves once the state is not `reconnecting`. */
  async settled(): Promise<void> {
    while (this.#state === "reconnecting") await this.#changed.promise;
  }

  /**
   * An error of some call: one that says the store is away starts the way back. A store that is busy is still there.
   * @param caller Who makes such calls, about one queue mostly. While all the others find the store where it was, its trouble is its own: were each failure a loss,
   * all queues would be declared, renewed and claimed from anew without end. So it is heard now and then.
   */
  report(error: unknown, caller?: object): void {
    if (hasCode(error, "TRANSPORT_BUSY")) this.#tellBusy(error);
    else if (hasCode(error, "TRANSPORT_UNAVAILABLE") && (caller === undefined || this.#hears(caller))) this.lose(error);
  }

  #hears(caller: object): boolean {
    const { clock, unheardMs } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - (this.#heardAtMs.get(caller) ?? -Infinity) < unheardMs) return false;
    this.#heardAtMs.set(caller, nowMs);
    return true;
  }

  /** The store went away. */
  lose(cause: Error): void {
    this.#losses += 1;
    if (this.#state !== "open") return;
    this.#cause = cause;
    this.#options.log.warn("The connection to the broker is lost; reconnecting.", { error: cause.message });
    this.#become("reconnecting", cause);
    void this.#reconnect();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#become("closed");
    this.#closing.abort();
  }

  /** Each caller tries again in silence, and may do so for long. */
  #tellBusy({ message }: Error): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - this.#toldBusyAtMs < busyNewsMs) return;
    this.#toldBusyAtMs = nowMs;
    log.warn("The broker puts off a call; it is tried again.", { code: "broker-busy", error: message });
  }

  #become(state: ConnectionState, cause?: Error): void {
    this.#state = state;
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
    this.#options.onState(state, cause);
  }

  async #reconnect(): Promise<void> {
    const startedAtMs = this.#options.clock.monotonic();
    for (let attempt = 0; this.#state === "reconnecting"; attempt += 1) {
      try {
        await this.#options.clock.sleep(backOff(waits, attempt), { signal: this.#closing.signal });
      } catch {
        return; // Only `close` ends this sleep.
      }
      if (await this.#attempt()) {
        const awayMs = Math.round(this.#options.clock.monotonic() - startedAtMs);
        this.#options.log.info("The connection to the broker is back.", { attempts: attempt + 1, awayMs });
        this.#become("open");
        return;
      }
    }
  }

  async #attempt(): Promise<boolean> {
    const before = this.#losses;
    try {
      await this.#options.open();
      if (this.#closing.signal.aborted) {
        await this.#options.close();
        return false;
      }
      await this.#options.restore();
      // A loss in between was noticed by nobody else: the state was `reconnecting` all the while.
      return this.#losses === before && this.#state === "reconnecting";
    } catch (error) {
      this.#failed(asError(error));
      return false;
    }
  }

  /** A store that is away is tried on in silence; what it refuses may need a person, and is told when it changes. */
  #failed(cause: Error): void {
    const { log } = this.#options;
    const isNews = isRefusal(cause) && cause.message !== this.#cause?.message;
    this.#cause = cause;
    if (isNews) log.warn("Reconnecting is refused; it is tried again.", { error: cause.message });
    else log.debug("An attempt to reconnect failed.", { error: cause.message });
  }
}
