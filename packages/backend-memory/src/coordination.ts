import type { BucketRequest, ClaimKeyRequest, Coordination, Hold, HoldRequest } from "@lovage/backend";
import { Places } from "./places.ts";
import type { Session } from "./session.ts";

/** Locks, limits and unique keys in memory; see {@link Coordination}. */
export class MemoryCoordination implements Coordination {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async acquire(request: HoldRequest): Promise<Hold> {
    const { store, nowMs } = this.#session;
    const places = store.places.get(request.name, nowMs) ?? new Places();
    const hold = places.acquire(request, nowMs, () => store.nextNumber());
    store.places.set(request.name, places, places.endsAtMs);
    return hold;
  }

  async renew(name: string, holder: string, leaseMs: number): Promise<boolean> {
    const { store, nowMs } = this.#session;
    const places = store.places.get(name, nowMs);
    if (places === undefined || !places.renew(holder, leaseMs, nowMs)) return false;
    store.places.set(name, places, places.endsAtMs);
    return true;
  }

  async release(name: string, holder: string): Promise<void> {
    const { store, nowMs } = this.#session;
    store.places.get(name, nowMs)?.release(holder);
  }

  async reserve(request: BucketRequest): Promise<{ readonly inMs: number }> {
    const { name, tokens, perMs, burst = tokens, cost = 1 } = request;
    const { store, nowMs } = this.#session;
    const tokenMs = perMs / tokens;
    const bookedUntilMs = Math.max(store.bookedUntilMs.get(name, nowMs) ?? 0, nowMs) + cost * tokenMs;
    // A bucket that is booked out until now is full again: nothing to remember.
    store.bookedUntilMs.set(name, bookedUntilMs, bookedUntilMs);
    return { inMs: Math.max(0, Math.ceil(bookedUntilMs - burst * tokenMs - nowMs)) };
  }

  async claimKey({ key, owner, expiresInMs }: ClaimKeyRequest): Promise<{ readonly owner: string }> {
    const { store, nowMs } = this.#session;
    const there = store.owners.get(key, nowMs) ?? owner;
    if (there === owner) store.owners.set(key, owner, nowMs + expiresInMs);
    return { owner: there };
  }

  async releaseKey(key: string, owner: string): Promise<void> {
    const { store, nowMs } = this.#session;
    if (store.owners.get(key, nowMs) === owner) store.owners.delete(key);
  }
}
