import type { Clock } from "@lovage/foundation";

/** The instant of things that happen many at a time, such as settlements that one answer of the store tells of: the clock is read for the first of them. */
export class BatchInstant {
  readonly #clock: Pick<Clock, "monotonic">;
  #atMs: number | undefined;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** By the monotonic clock; read anew once all promise callbacks that were due have run. */
  get atMs(): number {
    if (this.#atMs === undefined) {
      this.#atMs = this.#clock.monotonic();
      process.nextTick(this.#forget);
    }
    return this.#atMs;
  }

  readonly #forget = (): void => {
    this.#atMs = undefined;
  };
}
