/** Work that nobody waits for but who closes. */
export class UnderWay {
  readonly #work = new Set<Promise<void>>();

  /** How many are under way. */
  get size(): number {
    return this.#work.size;
  }

  /** @param work Never rejects. */
  add(work: Promise<void>): void {
    const watched = work.finally(() => this.#work.delete(watched));
    this.#work.add(watched);
  }

  /** Resolves once nothing is under way, what was added meanwhile neither. */
  async over(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Resolves once what is under way now is over. What is added meanwhile is not waited for. */
  async overSoFar(): Promise<void> {
    await Promise.all(this.#work);
  }
}
