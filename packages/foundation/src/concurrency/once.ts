/**
 * Work that is done once, by whoever asks first; the others wait for the same. Work that failed is not remembered, so the next who asks tries
 * again. See {@link SingleFlight} for work that is done as often as it is asked for.
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

  /** Whether it is under way, or was done with success. */
  get isBegun(): boolean {
    return this.#running !== undefined;
  }

  run(...args: Args): Promise<Value> {
    return (this.#running ??= this.#begin(args));
  }

  /** What was done holds no longer, such as a connection that was lost: the next who asks does it anew. */
  forget(): void {
    this.#running = undefined;
    this.#isDone = false;
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

  #begin(args: Args): Promise<Value> {
    const running = this.#try(args);
    const settled = (isDone: boolean): void => {
      // It may have been forgotten meanwhile, and begun anew.
      if (this.#running !== running) return;
      this.#isDone = isDone;
      if (!isDone) this.#running = undefined;
    };
    running.then(
      () => settled(true),
      () => settled(false),
    );
    return running;
  }

  /** Also an error that is thrown before there is a promise rejects. */
  async #try(args: Args): Promise<Value> {
    return await this.#work(...args);
  }
}
