import { isDeepStrictEqual } from "node:util";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseJson, readTags } from "./decode-json.ts";
import { encodeJson } from "./encode-json.ts";

const options = { root: "args", subject: 'Arguments of task "t"', maxBytes: 1_000_000, maxDepth: 200 };

function encode(value: unknown, changes: Partial<typeof options> = {}): string {
  return encodeJson(value, { ...options, ...changes });
}

function roundTrip(value: unknown): unknown {
  return readTags(parseJson(encode(value), "it"), { timezone: "UTC", as: "values", subject: "it" });
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

class Account {
  name = "a";
}

describe("values that cannot be sent", () => {
  test.each([
    ["undefined in an array", [1, undefined], "args[1]"],
    ["a hole", Array.from({ length: 2 }), "args[0]"],
    ["NaN", [{ a: Number.NaN }], "args[0].a"],
    ["Infinity", [[Infinity]], "args[0][0]"],
    ["a BigInt", [1n], "args[0]"],
    ["a function", [{ run: () => 1 }], "args[0].run"],
    ["a symbol", [Symbol("s")], "args[0]"],
    ["a Map", [{ user: { tags: new Map() } }], "args[0].user.tags"],
    ["a Set", [new Set()], "args[0]"],
    ["an instance of a class", [new Account()], "args[0]"],
    ["an error", [new Error("e")], "args[0]"],
    ["a URL", [new URL("https://a.b")], "args[0]"],
    ["a boxed number", [Object(1)], "args[0]"],
    ["an invalid Date", [new Date(Number.NaN)], "args[0]"],
    ["a Date in the year 10000", [new Date(8.64e15)], "args[0]"],
    ["other views of memory", [new Uint16Array(1)], "args[0]"],
    ["a tag of the user's own", [{ "first name": { __type__: "datetime", __value__: "x" } }], 'args[0]["first name"]'],
    ["a tag beside what is dropped", [{ __type__: 1, __value__: 2, gone: undefined }], "args[0]"],
  ])("%s is refused with its path", (_what, value, path) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "PAYLOAD_ENCODE", path }));
    expect(() => encode(value)).toThrow(path);
  });

  test("a circular structure is named as one", () => {
    const node: Record<string, unknown> = { other: { deep: [1] } };
    node["self"] = node;
    expect(() => encode([node])).toThrow(/args\[0\]\.self is an object that it is a part of/);
  });

  test("nesting stops at the limit, not before it", () => {
    expect(() => encode(nested(200))).not.toThrow();
    expect(() => encode(nested(201))).toThrow(/nested more than 200 deep/);
    expect(() => encode(nested(10_000))).toThrow(expect.objectContaining({ code: "PAYLOAD_ENCODE" }));
  });

  test("a small value that unfolds without end is refused at the limit", () => {
    let value: unknown = ["x"];
    for (let level = 0; level < 100; level += 1) value = [value, value];
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE", maxBytes: 1_000_000 }));
  });

  test("a value that throws when it is read is refused", () => {
    const cause = new Error("no");
    const hostile = {
      get secret(): never {
        throw cause;
      },
    };
    expect(() => encode([hostile])).toThrow(expect.objectContaining({ code: "PAYLOAD_ENCODE", cause }));
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw cause;
        },
      },
    );
    expect(() => encode([proxy])).toThrow(expect.objectContaining({ code: "PAYLOAD_ENCODE", cause }));
  });
});

describe("values that can be sent", () => {
  test("a property that is undefined is left out", () => {
    expect(encode([{ a: undefined, b: null }])).toBe('[{"b":null}]');
  });

  test("Date and bytes travel under the tags of Celery", () => {
    expect(JSON.parse(encode([new Date(1_000), Buffer.from("abc"), new Uint8Array([255, 254])]))).toEqual([
      { __type__: "datetime", __value__: "1970-01-01T00:00:01.000000+00:00" },
      { __type__: "bytes", __value__: "abc" },
      { __type__: "base64", __value__: "//4=" },
    ]);
  });

  test("objects without a prototype and of another realm are plain", () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 });
    expect(encode([bare])).toBe('[{"a":1}]');
  });

  test("a slice of a larger buffer is sent as the slice", () => {
    expect(roundTrip([Buffer.from("hello").subarray(1, 3)])).toStrictEqual([Buffer.from("el")]);
  });

  test("bytes come back as a Buffer whose memory is theirs alone", () => {
    const read = roundTrip([Buffer.from("abc"), Uint8Array.of(255, 254)]) as Buffer[];
    expect(read.map((bytes) => [bytes.toString("hex"), bytes.buffer.byteLength])).toEqual([
      ["616263", 3],
      ["fffe", 2],
    ]);
  });

  test("every value comes back as it was", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.string({ unit: "binary" }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.date({ noInvalidDate: true, min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") }),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.array(tie("any"), { maxLength: 4 }),
        fc
          .array(
            fc.tuple(
              fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toJSON", "__type__")),
              tie("any"),
            ),
            { maxLength: 4 },
          )
          .map((entries) => Object.fromEntries(entries) as unknown),
      ),
    })).any;
    fc.assert(
      fc.property(value, (original) => {
        const back = roundTrip([original]);
        // Not toStrictEqual: it takes a property called constructor for the object's class.
        expect(isDeepStrictEqual(back, [original])).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("nothing that is sent can change a prototype", () => {
    const hostile = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as object;
    const back = roundTrip([hostile, new Date(0), { __proto__: null, date: new Date(0) }]) as [object];
    expect(Object.hasOwn(back[0], "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(back[0])).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
