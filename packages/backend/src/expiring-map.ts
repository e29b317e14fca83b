interface Entry<Value> {
  readonly value: Value;
  readonly expiresAtMs: number;
  readonly weight: number;
}

/** A map whose entries are there until an instant. What has expired is never seen, whether it was swept or not. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #weigh: (value: Value) => number;
  #weight = 0;
  #sweep: Iterator<[string, Entry<Value>]> | undefined;

  /** @param weigh What an entry adds to {@link weight}. @default 1 */
  constructor(weigh: (value: Value) => number = () => 1) {
    this.#weigh = weigh;
  }

  /** Of all entries together, those that have expired and were not swept among them. */
  get weight(): number {
    return this.#weight;
  }

  get(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAtMs > nowMs ? entry.value : undefined;
  }

  set(key: string, value: Value, expiresAtMs: number): void {
    const weight = this.#weigh(value);
    this.#weight += weight - (this.#entries.get(key)?.weight ?? 0);
    this.#entries.set(key, { value, expiresAtMs, weight });
  }

  delete(key: string): boolean {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    return this.#entries.delete(key);
  }

  /** Removes the entry whose key has been there for longest; returns the key. */
  deleteOldest(): string | undefined {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  /**
   * Looks at a bounded number of entries and removes those that have expired: the oldest, which go first where all are kept equally long, then on from where the
   * sweep before ended. That walk alone would never come round where more is added meanwhile than it looks at.
   * @returns how many were removed.
   */
  sweep(nowMs: number, maxLooks: number): number {
    let removed = 0;
    for (const [key, { expiresAtMs }] of this.#entries) {
      if (removed >= maxLooks || expiresAtMs > nowMs) break;
      removed += Number(this.delete(key));
    }
    for (let looks = Math.min(maxLooks - removed, this.#entries.size); looks > 0; looks -= 1) {
      const next = this.#next();
      if (next === undefined) break;
      const [key, entry] = next;
      if (entry.expiresAtMs <= nowMs) removed += Number(this.delete(key));
    }
    return removed;
  }

  /** The entry after the one looked at before, round and round. A map's iterator bears changes of the map. */
  #next(): [string, Entry<Value>] | undefined {
    this.#sweep ??= this.#entries.entries();
    let step = this.#sweep.next();
    if (step.done === true) {
      this.#sweep = this.#entries.entries();
      step = this.#sweep.next();
    }
    return step.done === true ? undefined : step.value;
  }
}
