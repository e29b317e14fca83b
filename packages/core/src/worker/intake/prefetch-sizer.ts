/** How a consumer's prefetch is found. */
export interface PrefetchSizerOptions {
  readonly concurrency: number;
  /** A number stays as it is. */
  readonly setting: number | "auto";
  /** Of the smallest size that is found: how many deliveries for each slot. @default 2, so that the next one is there when a slot is free */
  readonly leastPerSlot?: number;
}

const workAheadMs = 1_000;
const largest = 1_000;
const growth = 4;
/** Weight of the latest measurement in the average. */
const freshness = 0.1;

/**
 * The prefetch of one queue: about one second of work at the measured task time, so that short tasks are fetched in large batches and long ones are
 * not hoarded. Grows fourfold at a time, because the first measurements may mislead; shrinks at once.
 */
export class PrefetchSizer {
  readonly #isFixed: boolean;
  readonly #concurrency: number;
  readonly #least: number;
  #current: number;
  #averageMs: number | undefined;
  #sinceResize = 0;

  constructor({ concurrency, setting, leastPerSlot = 2 }: PrefetchSizerOptions) {
    this.#isFixed = setting !== "auto";
    this.#concurrency = concurrency;
    this.#least = leastPerSlot * concurrency;
    this.#current = setting === "auto" ? this.#least : setting;
  }

  /** Whether the size was set, and stays as it is. */
  get isFixed(): boolean {
    return this.#isFixed;
  }

  /** The smallest size that is found. */
  get least(): number {
    return this.#least;
  }

  get prefetch(): number {
    return this.#current;
  }

  /** A task has run for so long. Answers whether it is time to ask for the size again. */
  measured(runtimeMs: number): boolean {
    const averageMs = this.#averageMs ?? runtimeMs;
    this.#averageMs = averageMs + (runtimeMs - averageMs) * freshness;
    this.#sinceResize += 1;
    return !this.#isFixed && this.#sinceResize * 2 >= this.#current;
  }

  /** Nothing has ended for so long, with all slots taken: tasks have become longer than what was measured. */
  stalled(sinceMs: number): void {
    this.#averageMs = Math.max(this.#averageMs ?? 0, sinceMs);
  }

  /** The size from now on. */
  resize(): number {
    this.#sinceResize = 0;
    if (this.#isFixed || this.#averageMs === undefined) return this.#current;
    const wanted = Math.ceil((this.#concurrency * workAheadMs) / Math.max(this.#averageMs, 0.001));
    const ceiling = Math.max(this.#least, Math.min(largest, this.#current * growth));
    this.#current = Math.min(ceiling, Math.max(this.#least, wanted));
    return this.#current;
  }
}
