const polynomial = 0x04c11db7;

/** For each first byte what it does to the checksum, the highest bit first, as bzip2 has it. */
const checksums = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) sum = sum < 0 ? (sum << 1) ^ polynomial : sum << 1;
  return sum;
});

/** There are more bytes than wanted. Whoever decompresses makes it an error of Lovage's. */
export class BeyondLimitError extends RangeError {}

/** Bytes that become more, up to a limit. */
export class BoundedOutput {
  readonly #maxLength: number;
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;
  #sum = -1;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** @throws BeyondLimitError */
  add(byte: number, times: number): void {
    const end = this.#length + times;
    if (end > this.#maxLength) throw new BeyondLimitError(`There are more than ${this.#maxLength} bytes.`);
    if (end > this.#bytes.length) this.#grow(end);
    for (; this.#length < end; this.#length += 1) {
      this.#bytes[this.#length] = byte;
      this.#sum = (this.#sum << 8) ^ (checksums[((this.#sum >>> 24) ^ byte) & 0xff] ?? 0);
    }
  }

  /** Checksum of what was added since it was asked for. */
  takeChecksum(): number {
    const sum = ~this.#sum >>> 0;
    this.#sum = -1;
    return sum;
  }

  /** All that was added. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2));
    larger.set(this.bytes());
    this.#bytes = larger;
  }
}
