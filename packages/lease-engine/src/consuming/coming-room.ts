import type { Clock } from "@lovage/foundation";
import { within } from "@lovage/foundation";

/** How long an answer with more than there is room for waits for the room that was to come. Longer than that, the store has a problem. */
const longestWaitMs = 1_000;

/** What waiting takes. */
export interface ComingRoomOptions {
  readonly clock: Clock;
  /** What was claimed is not renewed while it waits. */
  readonly leaseMs: number;
}

/**
 * Room in a prefetch that settlements under way will make. A claim may count on it, once, so that the store looks for the next messages right after it has settled the last
 * ones, while the worker is busy with those between.
 */
export class ComingRoom {
  #count = 0;
  /** The store's answer to the settlements, whatever that is. */
  #answer: Promise<unknown> | undefined;
  #endWait: (() => void) | undefined;

  /** So much may be claimed beyond what is free. */
  get count(): number {
    return this.#count;
  }

  /** The store was asked to settle so many. */
  expect(count: number, answer: Promise<unknown>): void {
    this.#count = count;
    this.#answer = answer;
    const forget = (): void => {
      if (this.#answer === answer) this.#forget();
    };
    // What became of the settlements is told to those who wait for them.
    answer.then(forget, forget);
  }

  /** Counts on it: it is not to be counted on again. */
  take(): Promise<unknown> | undefined {
    const answer = this.#answer;
    this.#forget();
    return answer;
  }

  /** Waits until the room is there, for a small part of a lease. Never rejects. */
  async wait(answer: Promise<unknown>, { clock, leaseMs }: ComingRoomOptions): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endWait = resolve;
    answer.then(
      () => resolve(),
      () => resolve(),
    );
    await within(clock, Math.min(longestWaitMs, leaseMs / 4), promise);
    this.#endWait = undefined;
  }

  /** Ends `wait`: nobody wants what was claimed. */
  endWait(): void {
    this.#endWait?.();
  }

  #forget(): void {
    this.#count = 0;
    this.#answer = undefined;
  }
}
