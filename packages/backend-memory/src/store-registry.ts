import type { Clock } from "@lovage/foundation";
import { MemoryStore } from "./memory-store.ts";

interface Shared {
  readonly store: MemoryStore;
  holders: number;
}

/** A store in use. */
export interface StoreLoan {
  readonly store: MemoryStore;
  /** Call once. The store is dropped with the last loan. */
  release(): void;
}

/**
 * The stores of this process, by clock and name: those who ask with the same clock and the same name share a store. By clock too, because
 * an expiry means nothing by another clock; so apps under test, each with a virtual clock, do not meet.
 */
export class StoreRegistry {
  readonly #byClock = new WeakMap<Clock, Map<string, Shared>>();

  lend(clock: Clock, name: string): StoreLoan {
    const byName = this.#byClock.get(clock) ?? new Map<string, Shared>();
    this.#byClock.set(clock, byName);
    const shared = byName.get(name) ?? { store: new MemoryStore(), holders: 0 };
    byName.set(name, shared);
    shared.holders += 1;
    const release = (): void => {
      shared.holders -= 1;
      if (shared.holders === 0) byName.delete(name);
    };
    return { store: shared.store, release };
  }
}
