import type { StoredMessage } from "./stored-message.ts";

/** Messages that wait for their time: a binary heap, the earliest on top. */
export class Delayed {
  #heap: StoredMessage[] = [];

  get length(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; `undefined` when none waits. */
  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  add(stored: StoredMessage): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(stored);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isEarlier(stored, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = stored;
  }

  /** The earliest, if it is due by then. */
  takeDue(nowMs: number): StoredMessage | undefined {
    const heap = this.#heap;
    const [top] = heap;
    if (top === undefined || top.atMs > nowMs) return undefined;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return top;
  }

  /** In order of time. */
  list(): readonly StoredMessage[] {
    return this.#heap.toSorted((a, b) => (isEarlier(a, b) ? -1 : 1));
  }

  removeWhere(condition: (stored: StoredMessage) => boolean): void {
    // A sorted array is a heap.
    this.#heap = this.list().filter((stored) => !condition(stored));
  }

  #sink(stored: StoredMessage): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const isRight = left !== undefined && right !== undefined && isEarlier(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isEarlier(child, stored)) break;
      heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = stored;
  }
}

function isEarlier(a: StoredMessage, b: StoredMessage): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
}
