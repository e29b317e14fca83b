import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

import { hasCode } from "@lovage/foundation";
import type { Message } from "@lovage/transport";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decodeTask } from "./decode-task.ts";
import { encodeTask } from "./encode-task.ts";
import type { PayloadDecodeError } from "./errors.ts";
import { aCall, aMessage } from "./test-support/calls.ts";

/** What is wrong with a message, and whether its error names the task; "decoded" when nothing is. */
function faultOf(message: Message, options = {}): unknown {
  try {
    decodeTask(message, options);
  } catch (error) {
    if (!hasCode(error, "PAYLOAD_DECODE")) throw error;
    const { fault, taskId } = error as PayloadDecodeError;
    return [fault, taskId === undefined ? "unknown" : "known"];
  }
  return "decoded";
}

describe("messages that kill a Celery worker", () => {
  test.each([
    ["no id", aMessage({ headers: { id: null } }), "header"],
    ["an id that is a number", aMessage({ headers: { id: 5 } }), "header"],
    ["an empty id", aMessage({ headers: { id: "" } }), "header"],
    ["no task", aMessage({ headers: { task: null } }), "header"],
    ["no content type", aMessage({ properties: { contentType: undefined } }), "content-type"],
    ["an unknown content type", aMessage({ properties: { contentType: "text/plain" } }), "content-type"],
    ["an unknown content encoding", aMessage({ properties: { contentEncoding: "utf-16" } }), "encoding"],
    ["a body with two elements", aMessage({ body: "[[],{}]" }), "shape"],
    ["a body with four elements", aMessage({ body: "[[],{},{},{}]" }), "shape"],
    ["a body that is a number", aMessage({ body: "5" }), "shape"],
    ["a body that is null", aMessage({ body: "null" }), "shape"],
    ["an object that is no task", aMessage({ body: '{"hello":"world"}' }), "shape"],
    ["arguments that are an object", aMessage({ body: "[{},{},{}]" }), "shape"],
    ["keyword arguments that are an array", aMessage({ body: "[[],[],{}]" }), "shape"],
    ["an embed that is a text", aMessage({ body: '[[],{},"x"]' }), "shape"],
    ["a chain that is an object", aMessage({ body: '[[],{},{"chain":{}}]' }), "shape"],
    ["a callback without a task", aMessage({ body: '[[],{},{"callbacks":[{"args":[]}]}]' }), "shape"],
    ["a chord that is a list", aMessage({ body: '[[],{},{"chord":[]}]' }), "shape"],
    ["no JSON", aMessage({ body: "[[2,3" }), "syntax"],
    ["no body", aMessage({ body: "" }), "syntax"],
    ["Python's NaN in what is no JSON", aMessage({ body: "[[NaN,],{},{}]" }), "syntax"],
    ["invalid UTF-8", aMessage({ body: new Uint8Array([0x5b, 0xff, 0x5d]) }), "encoding"],
    ["retries that are a text", aMessage({ headers: { retries: "1" } }), "header"],
    ["negative retries", aMessage({ headers: { retries: -1 } }), "header"],
    ["an eta that is no time", aMessage({ headers: { eta: "tomorrow" } }), "header"],
    ["an eta that is a number", aMessage({ headers: { eta: 5 } }), "header"],
    ["limits that are no pair", aMessage({ headers: { timelimit: 5 } }), "header"],
    ["a negative limit", aMessage({ headers: { timelimit: [-1, null] } }), "header"],
    ["a tag that is none", aMessage({ body: '[[{"__type__":"datetime","__value__":5}],{},{}]' }), "shape"],
    ["an unknown compression", aMessage({ headers: { compression: "application/x-lzma" } }), "compression"],
    ["a body that is not compressed", aMessage({ headers: { compression: "application/x-gzip" } }), "compression"],
    ["10 000 levels", aMessage({ body: `[[${"[".repeat(10_000)}${"]".repeat(10_000)}],{},{}]` }), "too-deep"],
  ])("%s is told, and nothing else happens", (_what, message, fault) => {
    const isIdReadable = typeof message.headers["id"] === "string" && message.headers["id"] !== "";
    expect(faultOf(message)).toEqual([fault, isIdReadable ? "known" : "unknown"]);
  });

  test.each(["id", "task", "root_id", "parent_id", "group"])("%s with a zero character is told", (name) => {
    const message = aMessage({ headers: { [name]: "a\0b" } });
    expect(faultOf(message)).toEqual(["header", name === "id" ? "unknown" : "known"]);
  });

  test("brackets inside of texts are no nesting", () => {
    const text = `${"[".repeat(5_000)}\\\\\\"${"{".repeat(5_000)}`;
    expect(faultOf(aMessage({ body: `[["${text}"],{},{}]` }))).toBe("decoded");
  });

  test("any bytes and any headers give a call or a typed error", () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        "id",
        "task",
        "retries",
        "eta",
        "expires",
        "group",
        "group_index",
        "timelimit",
        "root_id",
        "stamps",
        "compression",
        "__proto__",
      ),
      fc.jsonValue(),
    );
    const bodies = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc.tuple(fc.jsonValue(), fc.jsonValue(), fc.jsonValue()).map((parts) => Buffer.from(JSON.stringify(parts))),
      fc
        .record({ task: fc.string(), id: fc.string(), args: fc.jsonValue(), callbacks: fc.jsonValue() })
        .map((old) => Buffer.from(JSON.stringify(old))),
    );
    fc.assert(
      fc.property(headers, bodies, (extra, body) => {
        faultOf(aMessage({ headers: extra, body }));
        faultOf({ ...aMessage({ body }), headers: {} });
      }),
      { numRuns: 1_000 },
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("what is accepted", () => {
  test("an embed of null or nothing, and signatures without all of their keys", () => {
    expect(decodeTask(aMessage({ body: "[[],{},null]" })).embed).toEqual({});
    const { embed } = decodeTask(aMessage({ body: '[[],{},{"callbacks":[{"task":"t"}],"chain":null}]' }));
    expect(embed).toEqual({
      callbacks: [{ task: "t", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false }],
    });
  });

  test("of a key that is there twice, the last, as in Python", () => {
    const { args, kwargs } = decodeTask(aMessage({ body: '[[{"b":1,"b":2}],{"a":1,"a":2},{}]' }));
    expect([args, kwargs]).toEqual([[{ b: 2 }], { a: 2 }]);
  });

  test("the hybrid of both protocols, headers first", () => {
    const body = JSON.stringify({
      task: "old",
      id: "old",
      args: [1],
      kwargs: { a: 1 },
      retries: 1,
      eta: "2026-01-01T00:00:00",
      taskset: "g",
    });
    const call = decodeTask(aMessage({ headers: { retries: 2, eta: null }, body }));
    expect(call).toMatchObject({ task: "shop.add", args: [1], kwargs: { a: 1 }, retries: 2, groupId: "g" });
    expect(call.etaMs).toBeUndefined();
  });

  test("content types by name or in full, with parameters and in any case", () => {
    const json = aMessage({
      properties: { contentType: "Application/JSON; charset=utf-8", contentEncoding: undefined },
    });
    expect(faultOf(json, { acceptContent: ["application/json"] })).toBe("decoded");
    expect(faultOf(json, { acceptContent: [] })).toEqual(["content-type", "known"]);
    const pickle = aMessage({ properties: { contentType: "application/x-python-serialize" } });
    expect(faultOf(pickle, { acceptContent: ["json", "pickle"] })).toEqual(["content-type", "known"]);
  });

  test("bodies under every supported compression, a true gzip file among them", () => {
    const body = Buffer.from('[["é",3],{},{}]');
    const cases = [
      ["application/x-gzip", deflateSync(body)],
      ["application/x-gzip", gzipSync(body)],
      ["application/x-brotli", brotliCompressSync(body)],
      ["application/zstd", zstdCompressSync(body)],
    ] as const;
    for (const [compression, bytes] of cases) {
      const call = decodeTask(aMessage({ headers: { compression }, body: bytes }));
      expect(call).toMatchObject({ args: ["é", 3], headers: {} });
    }
  });

  test("keys that reach for prototypes stay data, in bodies and in headers", () => {
    const body = '[[{"__proto__":{"polluted":1}}],{"__proto__":{"polluted":1},"constructor":1},{}]';
    const headers = JSON.parse('{"__proto__":{"polluted":1},"constructor":"c"}') as object;
    const message = { ...aMessage({ body }), headers: { ...aMessage().headers, ...headers } };
    const call = decodeTask(message);
    expect(Object.keys(call.headers)).toEqual(["__proto__", "constructor"]);
    expect(Object.keys(call.kwargs)).toEqual(["__proto__", "constructor"]);
    const again = decodeTask(encodeTask(call, { dialect: "celery" }));
    expect(JSON.stringify(again.args)).toBe(JSON.stringify(call.args));
    expect(Object.keys(again.headers)).toEqual(["__proto__", "constructor"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("tags in what follows are kept as they are, for Python to read", () => {
    const tag = { __type__: "decimal", __value__: "1.50" };
    const signature = { task: "py.save", args: [tag], kwargs: {}, options: {}, subtask_type: null, immutable: false };
    const body = JSON.stringify([[tag], {}, { callbacks: null, errbacks: null, chain: [signature], chord: null }]);
    const call = decodeTask(aMessage({ body }));
    expect(call.args).toEqual(["1.50"]);
    const again = JSON.parse(Buffer.from(encodeTask(call, { dialect: "celery" }).body).toString()) as unknown[];
    expect(again[2]).toMatchObject({ chain: [signature] });
  });
});

describe("limits", () => {
  test("a body that unpacks beyond the limit is refused at the limit", () => {
    const large = Buffer.alloc(16 * 1_024 * 1_024);
    const bombs = [
      ["application/x-gzip", deflateSync(large)],
      ["application/x-brotli", brotliCompressSync(large, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
      ["application/zstd", zstdCompressSync(large)],
      // Five million zeros.
      [
        "application/x-bz2",
        Buffer.from("QlpoOTFBWSZTWabi8/QAJkvAAsAACAAACCAAMMwFKaapEUbAoijxdyRThQkKbi8/QA==", "base64"),
      ],
    ] as const;
    for (const [compression, body] of bombs) {
      const message = aMessage({ headers: { compression }, body });
      expect(faultOf(message, { maxBodyBytes: 262_144 })).toEqual(["too-large", "known"]);
    }
  });

  test("a body over the limit is refused unread", () => {
    expect(faultOf(aMessage({ body: "x".repeat(11) }), { maxBodyBytes: 10 })).toEqual(["too-large", "known"]);
  });
});

describe("a call that was sent comes back as it was", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const ms = fc.integer({ min: 0, max: 4e12 });
  const optional = {
    parentId: fc.uuid(),
    groupId: fc.uuid(),
    groupIndex: fc.nat(),
    etaMs: ms,
    expiresAtMs: ms,
    timeLimitMs: fc.integer({ min: 1, max: 1e9 }),
    softTimeLimitMs: fc.integer({ min: 1, max: 1e9 }),
    ignoreResult: fc.boolean(),
    replyTo: fc.uuid(),
    priority: fc.integer({ min: 0, max: 9 }),
    key: fc.string({ minLength: 1 }),
    shadow: fc.string(),
    origin: fc.string(),
    stamps: fc.dictionary(fc.string({ minLength: 1 }), json, { minKeys: 1, noNullPrototype: true }),
  };
  const call = fc.record(
    {
      id: fc.uuid(),
      task: fc.string({ minLength: 1, maxLength: 200 }),
      rootId: fc.uuid(),
      retries: fc.nat(),
      args: fc.array(json),
      kwargs: fc.dictionary(fc.string(), json, { noNullPrototype: true }),
      headers: fc.dictionary(
        fc.string().map((name) => `x-${name}`),
        json,
        { noNullPrototype: true },
      ),
      embed: fc.constant({}),
      ...optional,
    },
    { requiredKeys: ["id", "task", "rootId", "retries", "args", "kwargs", "headers", "embed"] },
  );

  test.each(["lovage", "celery"] as const)("in the dialect %s", (dialect) => {
    fc.assert(
      fc.property(call, (original) => {
        const plain = JSON.parse(JSON.stringify(original)) as typeof original;
        const back = decodeTask(encodeTask(aCall(plain as never), { dialect }));
        const added = dialect === "celery" ? { priority: 0 } : {};
        expect(back).toEqual({ ...added, ...plain });
      }),
    );
  });
});
