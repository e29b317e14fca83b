/** Work that nobody waits for but who closes. */
export class UnderWay {
  readonly #work = new Set<Promise<void>>();

  /** @param work Never rejects. */
  add(work: Promise<void>): void {
    const watched = work.finally(() => this.#work.delete(watched));
    this.#work.add(watched);
  }

  /** Resolves once nothing is under way, what was added meanwhile neither. */
  async over(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }
}
