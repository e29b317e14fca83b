import { ForgottenIds } from "./forgotten-ids.ts";

const maxKept = 50_000;

/** Ids of tasks that must not run: the latest 50 000. Of older ones is known for which it is worth asking the backend. */
export class Revocations {
  readonly #ids = new Set<string>();
  readonly #forgotten = new ForgottenIds();
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

  /** Whether it may be one that had to go. */
  mayHaveForgotten(taskId: string): boolean {
    return this.#forgotten.mayHave(taskId);
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
      this.#forgotten.add(oldest);
      return;
    }
  }
}
