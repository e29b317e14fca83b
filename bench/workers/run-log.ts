const patienceMs = 120_000;

/** Which jobs have begun, as workers tell it. One at a time may wait. */
export class RunLog {
  readonly #startedAtMs = new Map<number, number>();
  #count = 0;
  #wanted = Infinity;
  #reached: () => void = () => {};

  get count(): number {
    return this.#count;
  }

  add(count: number): void {
    this.#count += count;
    if (this.#count >= this.#wanted) this.#reached();
  }

  record(id: number, startedAtMs: number): void {
    this.#startedAtMs.set(id, startedAtMs);
    this.add(1);
  }

  /** When a job began, on the machine's clock. */
  startedAtMs(id: number): number {
    const atMs = this.#startedAtMs.get(id);
    if (atMs === undefined) throw new Error(`Job ${id} has not begun.`);
    return atMs;
  }

  /** Waits until this many jobs have begun. */
  async reach(count: number): Promise<void> {
    if (this.#count >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wanted = count;
    this.#reached = resolve;
    const timer = setTimeout(
      () => reject(new Error(`${this.#count} of ${count} jobs ran within ${patienceMs / 1_000} s.`)),
      patienceMs,
    );
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wanted = Infinity;
    }
  }
}
