/**
 * Work that is under way once at most: who asks meanwhile waits for the same, and who asks later does it anew. See {@link Once} for work whose success
 * is remembered.
 */
export class SingleFlight<Value, Args extends readonly unknown[]> {
  readonly #work: (...args: Args) => Promise<Value>;
  #underWay: Promise<Value> | undefined;

  constructor(work: (...args: Args) => Promise<Value>) {
    this.#work = work;
  }

  /** @param args For the work, if it is begun now. */
  run(...args: Args): Promise<Value> {
    return (this.#underWay ??= this.#work(...args).finally(() => (this.#underWay = undefined)));
  }

  /** Waits for what is under way, begins nothing, and does not throw. */
  async end(): Promise<void> {
    try {
      await this.#underWay;
    } catch {
      // Whoever asked for the work was told.
    }
  }
}
