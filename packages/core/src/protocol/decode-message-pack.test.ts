import { encode, encodeTimestampExtension, ExtData } from "@msgpack/msgpack";
import { isLovageError } from "@lovage/foundation";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMessagePack } from "./decode-message-pack.ts";

const parse = (bytes: Uint8Array): unknown => parseMessagePack(bytes, "The body");
const outcomeOf = (bytes: Uint8Array): string => {
  try {
    parse(bytes);
    return "read";
  } catch (error) {
    return isLovageError(error) ? error.code : String(error);
  }
};
const refused = (fault: string): unknown => expect.objectContaining({ code: "PAYLOAD_DECODE", fault });

/** What arrives of what was sent: MessagePack has no `undefined`. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.integer(),
    // The encoder writes -0 as the whole number 0, as JSON does.
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.string({ unit: "binary" }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2400-01-01") }),
    fc.array(tie("value")),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
})).value;

describe("MessagePack", () => {
  test("comes as it was sent, whatever it is", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(parse(encode(value))).toEqual(value);
      }),
    );
  });

  test("bytes are a Buffer, as in JSON", () => {
    expect(parse(encode([Uint8Array.of(97, 98)]))).toStrictEqual([Buffer.from("ab")]);
  });

  test("that breaks off anywhere, or goes on, is refused", () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, cut) => {
        const bytes = encode(value);
        expect(() => parse(bytes.subarray(0, cut % bytes.length))).toThrow(refused("syntax"));
        expect(() => parse(Uint8Array.of(...bytes, 0))).toThrow(refused("syntax"));
      }),
    );
  });

  test("bytes at random are read or refused, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outcomeOf(bytes)).toMatch(/^(?:read|PAYLOAD_DECODE)$/u);
      }),
      { numRuns: 2_000 },
    );
  });

  test("headers that promise more than can come are refused before anything is made of them", () => {
    const levels = 400;
    const nested = Buffer.concat(Array.from({ length: levels }, () => Buffer.from([0xdd, 0x00, 0xff, 0xff, 0xff])));
    const body = Buffer.concat([nested, Buffer.alloc(200_000, 0x90)]);
    const before = process.memoryUsage().rss;
    expect(() => parse(body)).toThrow(refused("syntax"));
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test("nesting is bounded", () => {
    expect(() => parse(Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.from([0])]))).toThrow(refused("too-deep"));
  });

  test("a key that would be a prototype is refused", () => {
    expect(() => parse(Buffer.from([0x81, 0xa9, ...Buffer.from("__proto__"), 0x80]))).toThrow(refused("syntax"));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("an extension other than the timestamp is refused by its number", () => {
    const stamp = new ExtData(-1, encodeTimestampExtension(new Date(1_000)) ?? new Uint8Array());
    expect(parse(encode([stamp]))).toEqual([new Date(1_000)]);
    expect(() => parse(encode([new ExtData(5, Uint8Array.of(1, 2))]))).toThrow(/extension type 5/);
  });
});
