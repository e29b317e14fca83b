import type { Coordination } from "@lovage/backend";
import type { Clock, Log, Timer } from "@lovage/foundation";

/** What leadership is made of. */
export interface LeadershipOptions {
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly log: Log;
  /** What is led. */
  readonly name: string;
  /** Who asks; no two have the same. */
  readonly holder: string;
  readonly leaseMs: number;
}

/** How often in a lease it is renewed, and asked for. */
const asksPerLease = 5;

/**
 * A lease that one of many holds. It is renewed all the time, and held to be lost when the store has not confirmed it for its length.
 *
 * | state | entered | left |
 * |---|---|---|
 * | follower | made; the lease is refused, over or released | `seek` is granted |
 * | leader | `seek` is granted | a renewal is refused; none is confirmed for the length of the lease; `release` |
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #stepMs: number;
  /** By the monotonic clock, counted from before the store was asked. */
  #heldUntilMs = -Infinity;
  #timer: Timer | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#stepMs = Math.ceil(options.leaseMs / asksPerLease);
  }

  get isHeld(): boolean {
    return this.#options.clock.monotonic() < this.#heldUntilMs;
  }

  /** Asks for the lease. @returns how long to wait before asking again; 0: it is held @throws BACKEND_UNAVAILABLE */
  async seek(): Promise<number> {
    if (this.isHeld) return 0;
    const { coordination, clock, name, holder, leaseMs } = this.#options;
    this.#timer?.cancel();
    const askedAtMs = clock.monotonic();
    const hold = await coordination.acquire({ name, holder, leaseMs });
    if (!hold.granted) return Math.min(this.#stepMs, Math.max(1, hold.retryInMs));
    this.#heldUntilMs = askedAtMs + leaseMs;
    this.#renewLater();
    return 0;
  }

  /** Lets go of the lease, so that another has it at once. Never rejects: what cannot be released ends by itself. */
  async release(): Promise<void> {
    const { coordination, name, holder, log } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#renewing;
    this.#heldUntilMs = -Infinity;
    try {
      await coordination.release(name, holder);
    } catch (error) {
      log.debug("The lease of the beat could not be released; it ends by itself.", { error });
    }
  }

  #renewLater(): void {
    this.#timer = this.#options.clock.timer(this.#stepMs, () => {
      this.#renewing = this.#renew();
    });
  }

  /** Never rejects: while the store is away the lease runs on. */
  async #renew(): Promise<void> {
    const { coordination, clock, name, holder, leaseMs, log } = this.#options;
    const askedAtMs = clock.monotonic();
    const timer = this.#timer;
    try {
      const isHeld = await coordination.renew(name, holder, leaseMs);
      this.#heldUntilMs = isHeld ? askedAtMs + leaseMs : -Infinity;
    } catch (error) {
      log.debug("The lease of the beat could not be renewed.", { error });
    }
    if (timer !== undefined && timer === this.#timer && this.isHeld) this.#renewLater();
  }
}
