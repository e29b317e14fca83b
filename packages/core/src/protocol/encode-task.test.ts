import { describe, expect, test } from "vitest";

import { encodeTask } from "./encode-task.ts";
import { aCall } from "./test-support/calls.ts";

const { id } = aCall();

/** Both texts. */
function repr(args: readonly unknown[], kwargs: Record<string, unknown> = {}): unknown[] {
  const { headers } = encodeTask(aCall({ args, kwargs }), { dialect: "celery" });
  return [headers["argsrepr"], headers["kwargsrepr"]];
}

describe("a call on a queue of Lovage's own", () => {
  test("says no more than a Celery worker needs", () => {
    const { headers, properties, body } = encodeTask(aCall(), { dialect: "lovage" });
    expect(headers).toEqual({ lang: "js", task: "shop.add", id });
    expect(properties).toEqual({ messageId: `${id}:0`, contentType: "application/json", contentEncoding: "utf-8" });
    expect(Buffer.from(body).toString()).toBe("[[2,3],{},{}]");
  });

  test("says what differs from the default", () => {
    const changes = {
      retries: 2,
      rootId: "root",
      parentId: "parent",
      etaMs: 0,
      ignoreResult: true,
      priority: 3,
      key: "a",
      replyTo: "q",
    };
    const { headers, properties } = encodeTask(aCall(changes), { dialect: "lovage" });
    expect(headers).toEqual({
      lang: "js",
      task: "shop.add",
      id,
      retries: 2,
      root_id: "root",
      parent_id: "parent",
      eta: "1970-01-01T00:00:00.000000+00:00",
      ignore_result: true,
    });
    expect(properties).toMatchObject({ messageId: `${id}:2`, priority: 3, key: "a", replyTo: "q", correlationId: id });
  });
});

/** Headers of a call whose caller said this of its result. */
function saying(ignoreResult?: boolean): object {
  return encodeTask(aCall(ignoreResult === undefined ? {} : { ignoreResult }), { dialect: "celery" }).headers;
}

test("on a queue that Celery reads only a caller who chose to have a result is told from one who said nothing", () => {
  expect(saying()).toMatchObject({ ignore_result: false });
  expect(saying()).not.toHaveProperty("lovage_keep_result");
  expect(saying(true)).toMatchObject({ ignore_result: true });
  expect(saying(false)).toMatchObject({ ignore_result: false, lovage_keep_result: true });
});

describe("what is refused before anything is sent", () => {
  test("a body over the limit, by the byte", () => {
    const fits = aCall({ args: ["x".repeat(100 - '[[""],{},{}]'.length)] });
    expect(encodeTask(fits, { dialect: "lovage", maxPayloadBytes: 100 }).body.byteLength).toBe(100);
    expect(() => encodeTask(fits, { dialect: "lovage", maxPayloadBytes: 99 })).toThrow(
      expect.objectContaining({ code: "PAYLOAD_TOO_LARGE", bytes: 100, maxBytes: 99 }),
    );
    expect(() => encodeTask(fits, { dialect: "lovage", maxPayloadBytes: 99 })).toThrow(/"shop.add": 100 bytes/);
  });

  test("50 MB, without writing them first", () => {
    const huge = aCall({ args: Array.from({ length: 50 }, () => "x".repeat(1_000_000)) });
    expect(() => encodeTask(huge, { dialect: "lovage" })).toThrow(
      expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
    );
  });

  test("a header that is the protocol's, and one that is no JSON", () => {
    expect(() => encodeTask(aCall({ headers: { retries: 5 } }), { dialect: "lovage" })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field: "headers" }),
    );
    expect(() => encodeTask(aCall({ headers: { a: Number.NaN } }), { dialect: "lovage" })).toThrow(
      expect.objectContaining({ code: "PAYLOAD_ENCODE", path: "headers.a" }),
    );
  });

  test("keyword arguments and signatures, with their paths", () => {
    expect(() => encodeTask(aCall({ kwargs: { a: 1n } }), { dialect: "lovage" })).toThrow(/kwargs\.a is a BigInt/);
    const signature = { task: "t", args: [new Map()], kwargs: {}, options: {}, subtask_type: null, immutable: false };
    expect(() => encodeTask(aCall({ embed: { chain: [signature] } }), { dialect: "lovage" })).toThrow(
      expect.objectContaining({ path: "embed.chain[0].args[0]" }),
    );
  });
});

describe("how arguments are shown to Celery's tools", () => {
  test("as Python shows them", () => {
    expect(repr([1, "a'b", null, true, [1.5], { a: { b: false } }])).toEqual([
      `(1, "a'b", None, True, [1.5], {'a': {'b': False}})`,
      "{}",
    ]);
    expect(repr([1])).toEqual(["(1,)", "{}"]);
    expect(repr([], { x: "é" })).toEqual(["()", "{'x': 'é'}"]);
    expect(repr([new Date(0), new Uint8Array(3)])).toEqual(["('1970-01-01T00:00:00.000Z', <3 bytes>)", "{}"]);
  });

  test("what cannot be printed as an escape", () => {
    expect(repr(["a\tb\nc\\d\0\u001b[31m\u00a0é 😀\u200b\u{e0001}\ud800"])).toEqual([
      String.raw`('a\tb\nc\\d\x00\x1b[31m\xa0é 😀\u200b\U000e0001\ud800',)`,
      "{}",
    ]);
  });

  test("cut at 1 024 characters", () => {
    const [shown] = repr(["x".repeat(5_000)]) as [string];
    expect(shown).toHaveLength(1_024);
    expect(shown.endsWith("...")).toBe(true);
  });

  test("without secrets", () => {
    expect(repr(["redis://user:hunter2@host/0"], { password: "hunter2", apiKey: "hunter2" }).toString()).not.toContain(
      "hunter2",
    );
    expect(repr([`${"x".repeat(1_000)} redis://user:hunter2hunter2@host/0`]).toString()).not.toContain("hunter2");
  });
});
