import { BitReader } from "./bit-reader.ts";
import { BoundedOutput } from "./bounded-output.ts";
import { LatestFirst } from "./latest-first.ts";
import { PrefixCode } from "./prefix-code.ts";

/** "BZh". */
const streamMark = 0x42_5a_68;
const blockMark = 0x31_41_59_26_53_59;
const endMark = 0x17_72_45_38_50_90;
/** Bytes of a block for each level. */
const levelBytes = 100_000;
/** Symbols that are read with the same code. */
const groupSize = 50;
const longestPlainRun = 4;

/**
 * Decompresses bzip2, which Node does not. The format is told in "BZIP2 Format Specification", J. Tsai, 2016.
 * @throws Error for what is none; BeyondLimitError beyond the limit
 */
export function bunzip2(bytes: Uint8Array, { maxOutputLength }: { readonly maxOutputLength: number }): Uint8Array {
  const bits = new BitReader(bytes);
  const output = new BoundedOutput(maxOutputLength);
  const level = bits.read(24) === streamMark ? bits.read(8) - 0x30 : 0;
  if (level < 1 || level > 9) throw new Error("It does not begin as bzip2 does.");
  const block = new Uint32Array(level * levelBytes);
  let sum = 0;
  for (let mark = bits.read(48); mark !== endMark; mark = bits.read(48)) {
    if (mark !== blockMark) throw new Error("There is neither a block nor the end.");
    const expected = bits.read(32);
    readBlock(bits, block, output);
    requireSum(output.takeChecksum(), expected);
    sum = (((sum << 1) | (sum >>> 31)) ^ expected) >>> 0;
  }
  requireSum(sum, bits.read(32));
  if (!bits.isAtEnd) throw new Error("Something comes after the end.");
  return output.bytes();
}

function requireSum(found: number, expected: number): void {
  if (found !== expected) throw new Error("The checksum is another one.");
}

function readBlock(bits: BitReader, block: Uint32Array, output: BoundedOutput): void {
  if (bits.readBit() === 1) throw new Error("The block is randomised, which no bzip2 does since 1.0.");
  const first = bits.read(24);
  const bytes = readBytesInUse(bits);
  const length = readTransformed(bits, block, { bytes, codes: readCodes(bits, bytes.length + 2) });
  if (first >= length) throw new Error("The block begins behind its end.");
  writeBlock(block.subarray(0, length), first, output);
}

/** Two levels of flags: which ranges of 16 bytes occur, and which bytes of these. */
function readBytesInUse(bits: BitReader): readonly number[] {
  const ranges = bits.read(16);
  const bytes: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x80_00 >> range)) === 0) continue;
    const flags = bits.read(16);
    for (let at = 0; at < 16; at += 1) if ((flags & (0x80_00 >> at)) !== 0) bytes.push(range * 16 + at);
  }
  if (bytes.length === 0) throw new Error("The block has no bytes.");
  return bytes;
}

/** The code of each group of symbols. */
function readCodes(bits: BitReader, symbols: number): readonly PrefixCode[] {
  const count = bits.read(3);
  if (count < 2 || count > 6) throw new Error("There are two to six codes.");
  const selectors = readSelectors(bits, count);
  const codes = Array.from({ length: count }, () => PrefixCode.readFrom(bits, symbols));
  return selectors.flatMap((selector) => codes[selector] ?? []);
}

/** Each as its place among those that were used most lately. */
function readSelectors(bits: BitReader, codes: number): readonly number[] {
  const latest = Array.from({ length: codes }, (_, code) => code);
  return Array.from({ length: bits.read(15) }, () => {
    let place = 0;
    while (bits.readBit() === 1) place += 1;
    const [selector] = latest.splice(place, 1);
    if (selector === undefined) throw new Error("There is no such code.");
    latest.unshift(selector);
    return selector;
  });
}

/** Fills the block with its bytes, in the order of the transform; gives how many. A byte stands as its place among the latest, the first of them in runs. */
function readTransformed(
  bits: BitReader,
  block: Uint32Array,
  { bytes, codes }: { readonly bytes: readonly number[]; readonly codes: readonly PrefixCode[] },
): number {
  const latest = new LatestFirst(bytes);
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let read = 0; ; read += 1) {
    const symbol = codes[Math.floor(read / groupSize)]?.read(bits);
    if (symbol === undefined) throw new Error("The block has no end.");
    if (symbol <= 1) {
      // The digits of a run's length, 1 and 2, the lowest first.
      run += weight * (symbol + 1);
      weight *= 2;
    }
    if (length + run > block.length) throw new Error("The block is too long.");
    if (symbol <= 1) continue;
    block.fill(latest.first, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol > bytes.length) return length;
    // A block that is full ends; what is written behind it is nowhere, and the next symbol finds out.
    block[length] = latest.use(symbol - 1);
    length += 1;
  }
}

/** Turns the transform back, and the runs of the first step: after four equal bytes comes how many more there are. */
function writeBlock(block: Uint32Array, first: number, output: BoundedOutput): void {
  linkBlock(block);
  let entry = block[first] ?? 0;
  let last = -1;
  let same = 0;
  for (let left = block.length; left > 0; left -= 1) {
    entry = block[entry >>> 8] ?? 0;
    const byte = entry & 0xff;
    if (same === longestPlainRun) {
      output.add(last, byte);
      same = 0;
    } else {
      output.add(byte, 1);
      same = byte === last ? same + 1 : 1;
      last = byte;
    }
  }
}

/** Gives each byte, above its 8 bits, the place of the one that comes after it. */
function linkBlock(block: Uint32Array): void {
  const places = new Uint32Array(257);
  for (const byte of block) places[byte + 1] = (places[byte + 1] ?? 0) + 1;
  for (let byte = 1; byte < 256; byte += 1) places[byte] = (places[byte] ?? 0) + (places[byte - 1] ?? 0);
  for (let at = 0; at < block.length; at += 1) {
    const byte = (block[at] ?? 0) & 0xff;
    const place = places[byte] ?? 0;
    places[byte] = place + 1;
    block[place] = ((block[place] ?? 0) | (at << 8)) >>> 0;
  }
}
