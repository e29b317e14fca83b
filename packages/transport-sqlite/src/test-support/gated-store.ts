import type { LeaseStore, StoreEvents } from "@lovage/lease-engine";

/**
 * A store that can be stopped like a process: while it is, calls wait and nothing is told. What is in the file goes on without it.
 */
export class GatedStore {
  readonly store: LeaseStore;
  readonly #inner: LeaseStore;
  #events: StoreEvents | undefined;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  constructor(inner: LeaseStore) {
    this.#inner = inner;
    this.store = new Proxy(inner, { get: (target, name) => this.#member(target, name) });
  }

  freeze(): void {
    this.#gate ??= new Promise((resolve) => (this.#open = resolve));
  }

  thaw(): void {
    this.#gate = undefined;
    this.#open?.();
    this.#events?.wake();
  }

  /** Ends the connection as a crash does: nothing of it reaches the file any more. */
  async crash(): Promise<void> {
    this.freeze();
    await this.#inner.close();
  }

  cut(cause: Error): void {
    this.#events?.lost(cause);
  }

  #member(target: LeaseStore, name: string | symbol): unknown {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== "function") return value;
    const call = value.bind(target) as (...of: unknown[]) => Promise<unknown>;
    if (name === "close") return call;
    if (name === "open") return (events: StoreEvents) => call(this.#gated(events));
    return async (...of: unknown[]) => {
      await this.#gate;
      const result = await call(...of);
      await this.#gate;
      return result;
    };
  }

  #gated(events: StoreEvents): StoreEvents {
    this.#events = events;
    return {
      wake: (queue) => {
        if (this.#gate === undefined) events.wake(queue);
      },
      deliver: (queue, messages, leasedAtMs) => events.deliver(queue, messages, leasedAtMs),
      lost: (cause) => events.lost(cause),
    };
  }
}
