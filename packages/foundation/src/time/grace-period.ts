import type { Clock, Timer } from "./clock.ts";

/** A wait for work to end by itself, which a grace bounds. */
export class GracePeriod {
  readonly #clock: Clock;
  readonly #over = Promise.withResolvers<void>();
  #endsAtMs = Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the work has ended, or the grace. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Ends after so many ms at the latest; 0 ends at once. A later call may shorten the grace, never prolong it. */
  limit(graceMs: number): void {
    const endsAtMs = this.#clock.monotonic() + graceMs;
    if (endsAtMs >= this.#endsAtMs) return;
    this.#endsAtMs = endsAtMs;
    this.#timer?.cancel();
    if (graceMs > 0) this.#timer = this.#clock.timer(graceMs, () => this.end());
    else this.end();
  }

  /** The work has ended. */
  end(): void {
    // No grace that is set from now on matters.
    this.#endsAtMs = -Infinity;
    this.#timer?.cancel();
    this.#over.resolve();
  }
}
