/** Bytes as numbers of any count of bits, the highest bit first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The byte before, and how many of its bits are not read yet. */
  #byte = 0;
  #left = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all whole bytes are read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next bit: most of a block is read like that. @throws Error where the bytes end before */
  readBit(): number {
    if (this.#left === 0) this.#advance();
    this.#left -= 1;
    return (this.#byte >> this.#left) & 1;
  }

  /** A number of up to 48 bits. @throws Error where the bytes end before */
  read(count: number): number {
    let value = 0;
    for (let wanted = count; wanted > 0;) {
      if (this.#left === 0) this.#advance();
      const taken = Math.min(wanted, this.#left);
      this.#left -= taken;
      const part = (this.#byte >> this.#left) & ((1 << taken) - 1);
      // Beyond 32 bits there is no shift.
      value = value * 2 ** taken + part;
      wanted -= taken;
    }
    return value;
  }

  #advance(): void {
    if (this.isAtEnd) throw new Error("The bytes end too early.");
    this.#byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    this.#left = 8;
  }
}
