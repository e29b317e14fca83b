import type { BucketRequest, HoldRequest } from "@lovage/backend";

interface Place {
  readonly holder: string;
  readonly untilMs: number;
}

/** Locks, slots, buckets and one key as the contract promises them, as plainly as can be said. */
export class CoordinationReference {
  nowMs = 0;
  /** The fence of each hold, as the store gave it. */
  readonly fences: Map<string, number> = new Map<string, number>();
  /** The largest fence granted under each name. */
  readonly lastFence: Map<string, number> = new Map<string, number>();
  readonly #holds = new Map<string, Place[]>();
  readonly #waits = new Map<string, Place[]>();
  /** What has been taken from a full bucket and has not trickled in again. */
  #owedTokens = 0;
  #owedAtMs = 0;
  #key: Place | undefined;

  acquire(request: HoldRequest): { readonly granted: boolean; readonly ahead: number } {
    const { name, holder, limit = 1, leaseMs, waitMs = 0 } = request;
    const holds = this.#live(this.#holds, name);
    const waits = this.#live(this.#waits, name);
    const turn = waits.findIndex((wait) => wait.holder === holder);
    const ahead = turn >= 0 ? turn : waits.length;
    const others = holds.filter((hold) => hold.holder !== holder);
    const granted = others.length < holds.length || limit - holds.length > ahead;
    const rest = waits.filter((wait) => wait.holder !== holder);
    if (granted) {
      this.#holds.set(name, [...others, { holder, untilMs: this.nowMs + leaseMs }]);
      if (others.length === holds.length) this.fences.delete(`${name} ${holder}`);
      this.#waits.set(name, rest);
    } else if (waitMs > 0) {
      const wait = { holder, untilMs: this.nowMs + waitMs };
      this.#waits.set(name, turn >= 0 ? waits.with(turn, wait) : [...waits, wait]);
    } else this.#waits.set(name, rest);
    return { granted, ahead };
  }

  granted(name: string, holder: string, fence: number): void {
    this.fences.set(`${name} ${holder}`, fence);
    this.lastFence.set(name, Math.max(fence, this.lastFence.get(name) ?? fence));
  }

  renew(name: string, holder: string, leaseMs: number): boolean {
    const holds = this.#live(this.#holds, name);
    const others = holds.filter((hold) => hold.holder !== holder);
    if (others.length === holds.length) return false;
    this.#holds.set(name, [...others, { holder, untilMs: this.nowMs + leaseMs }]);
    return true;
  }

  release(name: string, holder: string): void {
    for (const places of [this.#holds, this.#waits]) {
      places.set(
        name,
        this.#live(places, name).filter((place) => place.holder !== holder),
      );
    }
  }

  /** A turn comes once no more tokens are owed than could have been saved up. */
  reserve({ tokens, perMs, burst = tokens, cost = 1 }: BucketRequest): number {
    const trickled = ((this.nowMs - this.#owedAtMs) * tokens) / perMs;
    this.#owedAtMs = this.nowMs;
    this.#owedTokens = Math.max(0, this.#owedTokens - trickled) + cost;
    return Math.max(0, Math.ceil(((this.#owedTokens - burst) * perMs) / tokens));
  }

  claimKey(owner: string, expiresInMs: number): string {
    const there = this.#key !== undefined && this.#key.untilMs > this.nowMs ? this.#key.holder : owner;
    if (there === owner) this.#key = { holder: owner, untilMs: this.nowMs + expiresInMs };
    return there;
  }

  releaseKey(owner: string): void {
    if (this.#key?.holder === owner) this.#key = undefined;
  }

  #live(places: Map<string, Place[]>, name: string): Place[] {
    return (places.get(name) ?? []).filter((place) => place.untilMs > this.nowMs);
  }
}
