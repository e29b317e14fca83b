import type { Hold, HoldRequest } from "@lovage/backend";

interface Held {
  readonly fence: number;
  readonly endsAtMs: number;
}

/** The places under one name: who holds one, and who waits for one. */
export class Places {
  readonly #holders = new Map<string, Held>();
  /** Who waits, in order, and until when they must ask again. */
  readonly #waiters = new Map<string, number>();

  /** Grants a place, prolongs the one held, or tells when to ask again. */
  acquire(request: HoldRequest, nowMs: number, nextFence: () => number): Hold {
    this.#dropEnded(nowMs);
    const { holder, limit = 1, leaseMs, waitMs = 0 } = request;
    const ahead = this.#countAhead(holder);
    const held = this.#holders.get(holder);
    if (held === undefined && limit - this.#holders.size <= ahead) {
      const retryInMs = this.#nextEndInMs(holder, nowMs);
      if (waitMs > 0) this.#waiters.set(holder, nowMs + waitMs);
      else this.#waiters.delete(holder);
      return { granted: false, retryInMs, ahead };
    }
    const fence = held?.fence ?? nextFence();
    this.#waiters.delete(holder);
    this.#holders.set(holder, { fence, endsAtMs: nowMs + leaseMs });
    return { granted: true, fence };
  }

  /** Prolongs a hold. `false`: it is lost. */
  renew(holder: string, leaseMs: number, nowMs: number): boolean {
    this.#dropEnded(nowMs);
    const held = this.#holders.get(holder);
    if (held !== undefined) this.#holders.set(holder, { ...held, endsAtMs: nowMs + leaseMs });
    return held !== undefined;
  }

  release(holder: string): void {
    this.#holders.delete(holder);
    this.#waiters.delete(holder);
  }

  /** When nothing is left to remember. */
  get endsAtMs(): number {
    const holds = [...this.#holders.values()].map((held) => held.endsAtMs);
    return Math.max(0, ...holds, ...this.#waiters.values());
  }

  #countAhead(holder: string): number {
    let ahead = 0;
    for (const waiter of this.#waiters.keys()) {
      if (waiter === holder) break;
      ahead += 1;
    }
    return ahead;
  }

  /** When the first hold ends, or the first of those who wait ahead gives up. */
  #nextEndInMs(holder: string, nowMs: number): number {
    let endsAtMs = Infinity;
    for (const held of this.#holders.values()) endsAtMs = Math.min(endsAtMs, held.endsAtMs);
    for (const [waiter, untilMs] of this.#waiters) {
      if (waiter === holder) break;
      endsAtMs = Math.min(endsAtMs, untilMs);
    }
    return Math.max(1, endsAtMs - nowMs);
  }

  #dropEnded(nowMs: number): void {
    for (const [holder, { endsAtMs }] of this.#holders) if (endsAtMs <= nowMs) this.#holders.delete(holder);
    for (const [waiter, untilMs] of this.#waiters) if (untilMs <= nowMs) this.#waiters.delete(waiter);
  }
}
