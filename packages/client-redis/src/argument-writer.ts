const initialBytes = 512;
/** Longest of the prefixes: `$`, the digits of a length, CRLF; and the CRLF behind the argument. */
const frameBytes = 16;

/**
 * Arguments of a command in the form in which they go over the wire, written one after the other into one piece of memory: a script that takes a thousand messages takes no
 * thousand buffers, which the client would measure and copy one by one.
 */
export class ArgumentWriter {
  #memory: Buffer;
  #length = 0;
  #count = 0;

  /** @param expectedBytes What will be written, if that is known about: memory that grows is copied. */
  constructor(expectedBytes: number = initialBytes) {
    this.#memory = Buffer.allocUnsafe(Math.max(initialBytes, expectedBytes));
  }

  /** How many arguments there are. */
  get count(): number {
    return this.#count;
  }

  /** The arguments, as they go over the wire. A view: not to be kept beyond the next call. */
  get written(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Where {@link reserve} reserves. To be asked anew after each call, which may take larger memory. */
  get memory(): Buffer {
    return this.#memory;
  }

  /** Adds an argument of so many bytes, which the caller writes; gives its place in {@link memory}. */
  reserve(byteLength: number): number {
    const needed = this.#length + byteLength + frameBytes;
    if (needed > this.#memory.length) this.#grow(needed);
    const memory = this.#memory;
    const at = this.#length + memory.write(`$${byteLength}\r\n`, this.#length, "latin1");
    const end = at + byteLength;
    memory[end] = 0x0d;
    memory[end + 1] = 0x0a;
    this.#length = end + 2;
    this.#count += 1;
    return at;
  }

  /** Adds an argument; gives its place in {@link memory}. */
  add(value: string | Uint8Array): number {
    if (typeof value === "string") {
      const at = this.reserve(Buffer.byteLength(value));
      this.#memory.write(value, at);
      return at;
    }
    const at = this.reserve(value.byteLength);
    this.#memory.set(value, at);
    return at;
  }

  /** Adds all of another's. */
  addAll(other: ArgumentWriter): void {
    const { written, count } = other;
    if (this.#length + written.length > this.#memory.length) this.#grow(this.#length + written.length);
    this.#memory.set(written, this.#length);
    this.#length += written.length;
    this.#count += count;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#memory.length));
    larger.set(this.#memory.subarray(0, this.#length));
    this.#memory = larger;
  }
}
