/** Bytes in the order in which they were used most lately. */
export class LatestFirst {
  readonly #bytes: Uint8Array;

  constructor(bytes: readonly number[]) {
    this.#bytes = Uint8Array.from(bytes);
  }

  /** The byte that was used last. */
  get first(): number {
    return this.#bytes[0] ?? 0;
  }

  /** The byte at a place, which is the first from now on. */
  use(place: number): number {
    const byte = this.#bytes[place] ?? 0;
    // Mostly a few: for these a call of copyWithin takes longer.
    for (let at = place; at > 0; at -= 1) this.#bytes[at] = this.#bytes[at - 1] ?? 0;
    this.#bytes[0] = byte;
    return byte;
  }
}
