import type { Clock } from "@lovage/foundation";

/** So long a way is taken to be there. */
const knownForMs = 60_000;

/**
 * The ways from a ladder to queues and exchanges that were made here. With a queue its way is deleted, and whoever makes the queue again may know nothing of it: so each is made
 * again once in a while, which changes nothing where it is there.
 */
export class KnownExits {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #madeAtMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    const madeAtMs = this.#madeAtMs.get(name);
    return madeAtMs !== undefined && this.#clock.monotonic() - madeAtMs < knownForMs;
  }

  add(name: string): void {
    this.#madeAtMs.set(name, this.#clock.monotonic());
  }

  delete(name: string): void {
    this.#madeAtMs.delete(name);
  }

  clear(): void {
    this.#madeAtMs.clear();
  }
}
