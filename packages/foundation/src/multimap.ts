const none: ReadonlySet<never> = new Set();

/** Sets of values by key, such as those who listen to a channel. A key is there for as long as it has a value. */
export class Multimap<Key, Value> {
  readonly #sets = new Map<Key, Set<Value>>();

  /** How many keys there are. */
  get size(): number {
    return this.#sets.size;
  }

  keys(): IterableIterator<Key> {
    return this.#sets.keys();
  }

  has(key: Key): boolean {
    return this.#sets.has(key);
  }

  /** The values of a key. As a set does, it bears that values come and go while they are gone through. */
  get(key: Key): ReadonlySet<Value> {
    return this.#sets.get(key) ?? none;
  }

  add(key: Key, value: Value): void {
    let values = this.#sets.get(key);
    if (values === undefined) this.#sets.set(key, (values = new Set()));
    values.add(value);
  }

  /** @returns whether it was the last value of the key, which is gone with it */
  delete(key: Key, value: Value): boolean {
    const values = this.#sets.get(key);
    if (values === undefined) return false;
    values.delete(value);
    return values.size === 0 && this.#sets.delete(key);
  }

  /** Removes a key, and gives what it had. */
  take(key: Key): ReadonlySet<Value> {
    const values = this.get(key);
    this.#sets.delete(key);
    return values;
  }

  clear(): void {
    this.#sets.clear();
  }
}
