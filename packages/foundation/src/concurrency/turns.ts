/** Runs pieces of work one after the other, in the order in which they were given. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Gives what `work` gives. How the one before has ended is for its own caller; this one begins either way. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }
}
