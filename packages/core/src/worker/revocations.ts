const maxKept = 50_000;

/** Ids of tasks that must not run: the latest 50 000; the oldest go first. */
export class Revocations {
  readonly #ids = new Set<string>();
  readonly #onRevoke: (taskId: string) => void;

  /** @param onRevoke Told of each id that was not known yet. */
  constructor(onRevoke: (taskId: string) => void) {
    this.#onRevoke = onRevoke;
  }

  get size(): number {
    return this.#ids.size;
  }

  has(taskId: string): boolean {
    return this.#ids.size > 0 && this.#ids.has(taskId);
  }

  add(taskIds: Iterable<string>): void {
    for (const taskId of taskIds) {
      if (this.#ids.has(taskId)) continue;
      this.#ids.add(taskId);
      if (this.#ids.size > maxKept) this.#forgetOldest();
      this.#onRevoke(taskId);
    }
  }

  #forgetOldest(): void {
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
