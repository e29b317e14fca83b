const bits = 2 ** 24;
const probes = 5;

/**
 * Ids that there is no room for: tells surely of one that it was never added, and of hardly another that it may have been, up to some millions of them. Beyond that it doubts more and
 * more of them, which costs a question each. Takes 2 MB from the first on (a Bloom filter).
 */
export class ForgottenIds {
  #words: Uint32Array | undefined;

  add(id: string): void {
    const words = (this.#words ??= new Uint32Array(bits / 32));
    for (const bit of bitsOf(id)) words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  mayHave(id: string): boolean {
    const words = this.#words;
    return words !== undefined && bitsOf(id).every((bit) => ((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

/** The places of an id, by two hashes (FNV-1a), the second of which walks from one to the next. */
function bitsOf(id: string): readonly number[] {
  let first = 0x811c_9dc5;
  let step = 0x0100_0193;
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index);
    first = Math.imul(first ^ unit, 0x0100_0193);
    step = Math.imul(step ^ unit, 0x85eb_ca6b);
  }
  // The low bits of a product know only those below them.
  first ^= first >>> 15;
  step = (step ^ (step >>> 13)) | 1;
  return Array.from({ length: probes }, (_, probe) => (first + Math.imul(step, probe)) & (bits - 1));
}
