import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decodeResult } from "./decode-result.ts";
import { describeError } from "./describe-error.ts";
import { encodeResult } from "./encode-result.ts";
import { revokedException } from "./task-exception.ts";
import { readJson, resultDocuments } from "./test-support/captures.ts";

const taskId = "00000001-1111-4111-8111-111111111111";

/** A call that encodes this as a result. */
function encode(value: unknown): () => string {
  return () => encodeResult({ taskId, task: "shop.add", state: "SUCCESS", value });
}

describe("documents that Celery reads", () => {
  test("have the keys of its own, in its order", () => {
    const [, captured] = resultDocuments().find(([file]) => file === "success.json")!;
    const { dateDoneMs = 0 } = decodeResult(captured);
    const ours = encodeResult({ taskId, state: "SUCCESS", value: 5, dateDoneMs });
    expect(Object.keys(JSON.parse(ours) as object)).toEqual(Object.keys(JSON.parse(captured) as object));
    expect(JSON.parse(ours)).toEqual({
      ...(JSON.parse(captured) as object),
      date_done: "2026-11-20T23:26:17.056000+00:00",
    });
  });

  test("name children, group and parent", () => {
    const children = [{ id: "a" }, { id: "g", members: [{ id: "b" }, { id: "c" }] }];
    const text = encodeResult({ taskId, state: "SUCCESS", value: null, children, groupId: "g", parentId: "p" });
    expect(JSON.parse(text)).toMatchObject({
      children: [
        [["a", null], null],
        [
          ["g", null],
          [
            [["b", null], null],
            [["c", null], null],
          ],
        ],
      ],
      group_id: "g",
      parent_id: "p",
      date_done: null,
    });
    expect(decodeResult(text)).toMatchObject({ children, groupId: "g", parentId: "p" });
  });

  test("hold an exception as an object of three keys", () => {
    const text = encodeResult({ taskId, state: "REVOKED", exception: revokedException("expired") });
    expect((JSON.parse(text) as { result: unknown }).result).toEqual({
      exc_type: "TaskRevokedError",
      exc_message: ["expired"],
      exc_module: "celery.exceptions",
    });
  });

  test("bring back any value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect(decodeResult(encodeResult({ taskId, state: "SUCCESS", value: plain })).value).toEqual(plain);
      }),
    );
    expect(decodeResult(encodeResult({ taskId, state: "PROGRESS", value: { at: new Date(5) } })).value).toEqual({
      at: new Date(5),
    });
    expect(decodeResult(encodeResult({ taskId, state: "SUCCESS", value: undefined })).value).toBeNull();
  });

  test("are refused for a value that cannot be stored, with its path", () => {
    expect(encode({ user: { tags: new Set() } })).toThrow(
      expect.objectContaining({ code: "RESULT_ENCODE", path: "result.user.tags" }),
    );
    expect(encode(() => 1)).toThrow(expect.objectContaining({ code: "RESULT_ENCODE", path: "result" }));
    expect(encode(Symbol("s"))).toThrow(expect.objectContaining({ code: "RESULT_ENCODE" }));
    expect(encode("x".repeat(300_000))).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }));
    expect(encode("é".repeat(140_000))).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE", bytes: 280_002 }));
    expect(encode({ a: "x".repeat(50_000_000) })).toThrow(/"shop.add"/);
  });
});

describe("documents of Celery's", () => {
  test.each(resultDocuments())("are read: %s", (_file, text) => {
    const raw = JSON.parse(text) as { status: string; task_id: string; date_done: string | null };
    const result = decodeResult(text);
    expect(result).toMatchObject({ state: raw.status, taskId: raw.task_id });
    expect(result.dateDoneMs === undefined).toBe(raw.date_done === null);
    expect(result.error === undefined).toBe(!["FAILURE", "RETRY", "REVOKED"].includes(raw.status));
  });

  test("tell what was thrown", () => {
    const documents = new Map(resultDocuments());
    expect(decodeResult(documents.get("failure-builtin-exception.json")!).error).toMatchObject({
      type: "ValueError",
      message: "boom, 42",
      args: ["boom", 42],
      module: "builtins",
    });
    expect(decodeResult(documents.get("failure-custom-exception.json")!).error).toMatchObject({
      type: "MyErr",
      args: [{ a: 1 }, new Date("2020-01-02T00:00:00Z")],
      module: "tasks",
    });
  });

  test("of a running task hold its place, and extended ones more", () => {
    const { while_running: running, finished } = readJson("results/started-and-extended.json") as Record<
      string,
      string
    >;
    expect(decodeResult(running!)).toMatchObject({
      state: "STARTED",
      value: { hostname: "w1@example" },
      error: undefined,
    });
    expect(decodeResult(finished!)).toMatchObject({ state: "SUCCESS", value: 2 });
  });

  // The same variants that Python's client was given (it fails on some of them).
  const failure = (result: unknown): string =>
    JSON.stringify({ status: "FAILURE", result, traceback: null, task_id: taskId });
  const success = (changes: object): string =>
    JSON.stringify({ status: "SUCCESS", result: 5, task_id: taskId, ...changes });
  test.each([
    ["status, result and id alone", success({}), { value: 5, taskId }],
    ["no id", JSON.stringify({ status: "SUCCESS", result: 5 }), { value: 5, taskId: undefined }],
    ["no result", JSON.stringify({ status: "SUCCESS", task_id: taskId }), { value: null }],
    [
      "no module",
      failure({ exc_type: "PaymentError", exc_message: ["bad"] }),
      { error: { type: "PaymentError", message: "bad", module: undefined } },
    ],
    [
      "a message as a text",
      failure({ exc_type: "PaymentError", exc_message: "bad", exc_module: "x" }),
      { error: { message: "bad", args: ["bad"] } },
    ],
    [
      "a name that is none",
      failure({ exc_type: "My Error!", exc_message: ["bad"], exc_module: null }),
      { error: { type: "My Error!" } },
    ],
    ["a dotted name", failure({ exc_type: "a.b.Err", exc_message: ["bad"] }), { error: { type: "a.b.Err" } }],
    ["a failure that is a text", failure("bad thing"), { error: { type: "Error", message: "bad thing" } }],
    ["a failure that is null", failure(null), { error: { type: "Error" } }],
    ["an end in ms with Z", success({ date_done: "2026-01-01T00:00:00.123Z" }), { dateDoneMs: 1_767_225_600_123 }],
    ["an end of Celery 5.2", success({ date_done: "2026-01-01T00:00:00.123456" }), { dateDoneMs: 1_767_225_600_123 }],
    ["an end that is no time", success({ date_done: "garbage" }), { value: 5, dateDoneMs: undefined }],
    ["children", success({ children: [[["id", null], null]] }), { children: [{ id: "id" }] }],
    ["children that are none", success({ children: [5, [[]], ["old", null]] }), { children: [{ id: "old" }] }],
    [
      "a tagged value",
      success({ result: { __type__: "datetime", __value__: "2026-01-01T00:00:00.123Z" } }),
      { value: new Date(1_767_225_600_123) },
    ],
    [
      "an unknown tag",
      success({ result: { __type__: "bigint", __value__: "12" } }),
      { value: { __type__: "bigint", __value__: "12" } },
    ],
    ["a state of its own", JSON.stringify({ status: "DONE", result: 5 }), { state: "DONE", value: 5 }],
  ])("are read with %s", (_what, text, expected) => {
    expect(decodeResult(text)).toMatchObject(expected);
  });

  test.each([
    "",
    "null",
    "[]",
    "5",
    "{}",
    '{"status":null}',
    '{"status":',
    '{"status":"SUCCESS","result":{"__type__":"uuid","__value__":1}}',
  ])("that are none are refused: %s", (text) => {
    expect(() => decodeResult(text)).toThrow(expect.objectContaining({ code: "PAYLOAD_DECODE" }));
  });
});

describe("whatever a task throws", () => {
  class PaymentError extends Error {
    override name = "PaymentError";
  }
  const cyclic = new Error("cyclic") as Error & { cause?: unknown };
  cyclic.cause = cyclic;
  const hostile = Object.defineProperties(new Error("hostile"), {
    stack: {
      get: () => {
        throw new Error("stack");
      },
    },
    name: {
      get: () => {
        throw new Error("name");
      },
    },
    cause: {
      get: () => {
        throw new Error("cause");
      },
    },
  });
  const everything = new Proxy(() => 1, {
    get: () => {
      throw new Error("get");
    },
    getPrototypeOf: () => {
      throw new Error("proto");
    },
    ownKeys: () => {
      throw new Error("keys");
    },
  });
  const big = new Error("m".repeat(1_000_000));
  big.stack = "s".repeat(1_000_000);

  test.each([
    ["a subclass", new PaymentError("declined"), { type: "PaymentError", message: "declined", module: "js" }],
    [
      "a class by its constructor",
      Object.assign(Object.create(PaymentError.prototype) as object, { message: "m", name: 5 }),
      { type: "PaymentError" },
    ],
    ["a text", "just text", { type: "Error", message: "just text" }],
    ["undefined", undefined, { type: "Error", message: "undefined was thrown, which is no error." }],
    ["null", null, { type: "Error" }],
    ["a symbol", Symbol("s"), { type: "Error" }],
    ["a BigInt", 5n, { type: "Error" }],
    ["an object", { code: 5 }, { type: "Error" }],
    ["a frozen error", Object.freeze(new TypeError("frozen")), { type: "TypeError", message: "frozen" }],
    ["an error whose cause is itself", cyclic, { message: "cyclic" }],
    ["an error whose properties throw", hostile, { type: "Error", message: "hostile" }],
    ["a proxy that always throws", everything, { type: "Error" }],
    [
      "a revoked proxy",
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
      { type: "Error" },
    ],
    [
      "an object whose message throws",
      {
        get message(): never {
          throw new Error("x");
        },
      },
      { type: "Error" },
    ],
    ["a huge error", big, { type: "Error" }],
  ])("%s can be stored and read", (_what, thrown, expected) => {
    const exception = describeError(thrown);
    expect(exception).toMatchObject(expected);
    expect(exception.message.length).toBeLessThanOrEqual(2_048);
    expect((exception.traceback ?? "").length).toBeLessThanOrEqual(8_192);
    const { error } = decodeResult(encodeResult({ taskId, state: "FAILURE", exception }));
    expect(error).toEqual(exception);
  });

  test("tells of causes and of members", () => {
    const inner = new AggregateError([new RangeError("first"), "second"], "several");
    const { traceback } = describeError(new Error("outer", { cause: inner }));
    for (const text of [
      "outer",
      "[cause]: AggregateError: several",
      "[errors[0]]: RangeError: first",
      '[errors[1]]: "second"',
    ]) {
      expect(traceback).toContain(text);
    }
  });

  test("is told without secrets", () => {
    expect(JSON.stringify(describeError(new Error("connect redis://u:hunter2@h/0")))).not.toContain("hunter2");
  });
});
