import type { BitReader } from "./bit-reader.ts";

const longest = 20;

/** A canonical prefix code: shorter codes are smaller, and those of one length count up in the order of their symbols. */
export class PrefixCode {
  /** How many codes have each length. */
  readonly #counts = new Uint32Array(longest + 1);
  /** Symbols in the order of their codes. */
  readonly #symbols: Uint16Array;

  /** @param lengths Of the code of each symbol, 1 to 20 bits. */
  constructor(lengths: readonly number[]) {
    for (const length of lengths) this.#counts[length] = (this.#counts[length] ?? 0) + 1;
    const symbols = [...lengths.keys()].toSorted((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
    this.#symbols = Uint16Array.from(symbols);
  }

  /** Lengths as bzip2 writes them: the first as a number, each after it as steps from the one before. @throws Error */
  static readFrom(bits: BitReader, symbols: number): PrefixCode {
    const lengths: number[] = [];
    let length = bits.read(5);
    for (let symbol = 0; symbol < symbols; symbol += 1) {
      while (length >= 1 && length <= longest && bits.readBit() === 1) length += bits.readBit() === 0 ? 1 : -1;
      if (length < 1 || length > longest) throw new Error("A code has a length that none can have.");
      lengths.push(length);
    }
    return new PrefixCode(lengths);
  }

  /** The symbol of the next code. @throws Error */
  read(bits: BitReader): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= longest; length += 1) {
      code = code * 2 + bits.readBit();
      const count = this.#counts[length] ?? 0;
      if (code - first < count) return this.#symbols[index + code - first] ?? 0;
      index += count;
      first = (first + count) * 2;
    }
    throw new Error("There is no such code.");
  }
}
