import { expect, test } from "vitest";

import { BeyondLimitError } from "./bounded-output.ts";
import { bunzip2 } from "./bunzip2.ts";

const limit = 1_000_000;

/** Written by Python's bz2; text of 105 000 characters in two blocks. */
const samples: readonly (readonly [what: string, compressed: string, expected: string])[] = [
  ["nothing", "QlpoORdyRThQkAAAAAA=", ""],
  ["one byte", "QlpoOTFBWSZTWRmTm2sAAAABACAAIAAhGEaC7kinChIDMnNtYA==", "a"],
  [
    "runs around the lengths that are written as a number",
    "QlpoOTFBWSZTWQsHf7sAAATBAeAAP4AAgAAIIAAhtRNqZNCAaaaPQlV9yrTIo5eFmqDCXJI9EPr4fF3JFOFCQCwd/uw=",
    [
      ["a", 3],
      ["b", 4],
      ["c", 5],
      ["d", 255],
      ["e", 259],
      ["f", 260],
      ["g", 1_000],
      ["\0", 4],
    ]
      .map(([letter, times]) => String(letter).repeat(Number(times)))
      .join(""),
  ],
  [
    "several blocks",
    "QlpoMTFBWSZTWUK+VQMAN8qTgEABBAAbabLAMAC4ChppgAKGmmAAKVQg0eo0/VNookeooke4okeYokZFEjuiiRqKJGookbxRI5iiR+iiRqKJGRRIyKJHUUSPEUSOookZFEjEUSP5igrJMprJMsZiOAAWZJwCAAggANtNlgEABIFDTTAAJqqEGj1Gn6psEegj2EeQjAjvBGgjQRuEchH4I0EYEYEdBHgI6CMCMgj+LuSKcKEhRkjMgg==",
    "The quick brown fox. ".repeat(5_000),
  ],
];

test.each(samples)("reads %s", (_what, compressed, expected) => {
  const bytes = bunzip2(Buffer.from(compressed, "base64"), { maxOutputLength: limit });
  expect(Buffer.from(bytes).toString() === expected).toBe(true);
});

test.each(samples)(
  "no change of a byte, and no end before the end, goes unnoticed: %s",
  (_what, compressed, expected) => {
    const bytes = Buffer.from(compressed, "base64");
    for (const [at, byte] of bytes.entries()) {
      expect(() => bunzip2(bytes.subarray(0, at), { maxOutputLength: limit })).toThrow("too early");
      bytes[at] = byte ^ 0x20;
      expect(readOr(bytes, expected)).toBe(expected);
      bytes[at] = byte;
    }
    expect(() => bunzip2(Buffer.concat([bytes, bytes]), { maxOutputLength: limit })).toThrow("after the end");
  },
);

/** What was read; what was expected, where it was refused. Bits that only fill up the last byte may be any. */
function readOr(bytes: Uint8Array, refused: string): string {
  try {
    return Buffer.from(bunzip2(bytes, { maxOutputLength: limit })).toString();
  } catch {
    return refused;
  }
}

test("stops at the limit: 5 MB of zeros are 49 bytes", () => {
  const bomb = Buffer.from("QlpoOTFBWSZTWabi8/QAJkvAAsAACAAACCAAMMwFKaapEUbAoijxdyRThQkKbi8/QA==", "base64");
  expect(() => bunzip2(bomb, { maxOutputLength: 4_999_999 })).toThrow(BeyondLimitError);
  expect(bunzip2(bomb, { maxOutputLength: 5_000_000 })).toHaveLength(5_000_000);
});
