/** Where what a {@link Backlog} holds goes. */
export interface BacklogParts<T> {
  /** Whether anything is to be handed out at all; else all goes back. */
  readonly isWanted: () => boolean;
  /** Whether one more may be handed out now. */
  readonly hasRoom: () => boolean;
  readonly handOut: (item: T) => void;
  readonly giveBack: (item: T) => void;
}

/**
 * What came to a consumer while it had no room, since its cap was lowered meanwhile: handed out oldest first as room comes, or given back, once nothing
 * is wanted any more. It goes to the end of its queue then, so the oldest goes first as well, and the old order stays.
 */
export class Backlog<T> implements Iterable<T> {
  readonly #parts: BacklogParts<T>;
  #waiting: T[] = [];
  #isMoving = false;

  constructor(parts: BacklogParts<T>) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#waiting[Symbol.iterator]();
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.move();
  }

  /** There may be room, or nothing may be wanted any more. */
  move(): void {
    // Handing out may settle, and settling comes here again.
    if (this.#isMoving) return;
    this.#isMoving = true;
    const { isWanted, hasRoom, handOut, giveBack } = this.#parts;
    while (this.#waiting.length > 0) {
      const wanted = isWanted();
      if (wanted && !hasRoom()) break;
      const [next] = this.#waiting.splice(0, 1) as [T];
      if (wanted) handOut(next);
      else giveBack(next);
    }
    this.#isMoving = false;
  }

  /** Forgets what is gone already. */
  forget(isGone: (item: T) => boolean): void {
    this.#waiting = this.#waiting.filter((item) => !isGone(item));
  }
}
