import { abortable } from "@lovage/foundation";

/** Lets only so many pieces of work go on at once; the others wait in line. */
export class Line {
  #places: number;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** From now on there is one place less, down to one. Work that goes on is not disturbed. Gives what takes it back. */
  reserve(): () => void {
    this.#places -= 1;
    return () => {
      this.#places += 1;
      this.#admit();
    };
  }

  /** Gives what `work` gives. @throws the signal's reason, when it aborts before the work has begun; what `work` throws */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#admit();
    try {
      await abortable(promise, signal);
    } catch (error) {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      else this.#leave();
      throw error;
    }
  }

  #leave(): void {
    this.#busy -= 1;
    this.#admit();
  }

  #admit(): void {
    while (this.#busy < Math.max(1, this.#places)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#busy += 1;
      next();
    }
  }
}
