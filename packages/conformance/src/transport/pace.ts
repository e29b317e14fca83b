import type { TestClock } from "./harness.ts";

/** Small beside every limit that the cases measure, large enough to pass a lease in few steps. */
const stepMs = 5;

/** Moves a virtual clock for as long as somebody works under it; leaves a real one alone. Shared by all who share the clock. */
export class Pace {
  readonly #clock: TestClock;
  #working = 0;
  #moving: Promise<void> | undefined;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  /** Runs `work` while time goes on. Rejects too when a timer of the code under test throws. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      this.#moving ??= this.#move();
      const moving = this.#moving;
      const failure = new Promise<never>((_, reject) => void moving.catch(reject));
      return await Promise.race([work(), failure]);
    } finally {
      this.#working -= 1;
      if (this.#working === 0) await this.#stop();
    }
  }

  async #move(): Promise<void> {
    while (this.#working > 0 && this.#clock.advance !== undefined) await this.#clock.advance(stepMs);
  }

  async #stop(): Promise<void> {
    const moving = this.#moving;
    this.#moving = undefined;
    // A failure of the clock was told to those who worked under it.
    await moving?.catch(() => {});
  }
}
