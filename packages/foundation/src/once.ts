/**
 * Work that is done once, by whoever asks first; the others wait for the same. Work that failed is not remembered, so the next who asks tries
 * again.
 */
export class Once<Value, Args extends readonly unknown[]> {
  readonly #work: (...args: Args) => Promise<Value>;
  #running: Promise<Value> | undefined;
  #isDone = false;

  constructor(work: (...args: Args) => Promise<Value>) {
    this.#work = work;
  }

  /** Whether it was done with success. */
  get isDone(): boolean {
    return this.#isDone;
  }

  run(...args: Args): Promise<Value> {
    return (this.#running ??= this.#try(args));
  }

  /** What there is in the end: waits for work under way, begins none, and does not throw. */
  async end(): Promise<Value | undefined> {
    try {
      return await this.#running;
    } catch {
      // Whoever asked for the work was told.
      return undefined;
    }
  }

  async #try(args: Args): Promise<Value> {
    try {
      const value = await this.#work(...args);
      this.#isDone = true;
      return value;
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
  }
}
