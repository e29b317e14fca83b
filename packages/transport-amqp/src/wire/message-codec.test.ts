import type { ConsumeMessage } from "@lovage/client-amqp";
import type { Headers, Message } from "@lovage/transport";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decodeMessage, encodeMessage, noMarks } from "./message-codec.ts";

/** A message as the broker brings it. */
function arrive(
  sent: ReturnType<typeof encodeMessage>,
  extra: Record<string, unknown> = {},
  redelivered = false,
): ConsumeMessage {
  const properties = { ...sent, headers: { ...(sent.headers as object), ...extra } };
  return {
    content: Buffer.from("x"),
    fields: { deliveryTag: 1, redelivered },
    properties,
  } as unknown as ConsumeMessage;
}

function messageWith(headers: Headers): Message {
  return { headers, properties: { messageId: "a:0", contentType: "", contentEncoding: "" }, body: Buffer.from("x") };
}

/** As the client writes and reads it: whole numbers of 64 bits, doubles, and what it is told to write as such. */
function throughClient(value: unknown): unknown {
  if (typeof value === "number") {
    const isDouble = value >= 2 ** 63 || (Math.abs(value) < 2 ** 50 && !Number.isInteger(value));
    if (!Number.isFinite(value) || (!isDouble && BigInt.asIntN(64, BigInt(value)) !== BigInt(value)))
      throw new RangeError("out of range");
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => throughClient(item));
  if (Object.hasOwn(value, "!")) return (value as { readonly value: unknown }).value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, throughClient(item)]));
}

/** A message as the client writes it. */
function overWire(headers: Headers): ReturnType<typeof encodeMessage> {
  const sent = encodeMessage(messageWith(headers), noMarks);
  return { ...sent, headers: throughClient(sent.headers) as Record<string, unknown> };
}

const values = fc.letrec<{ value: Headers[string] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("!", "__proto__")), tie("value"), { maxKeys: 3 }),
  ),
})).value;

it("brings headers back as they were, in any script and of any name", () => {
  const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "!", "x".repeat(300), "id", ""));
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values), { maxLength: 5 }), (entries) => {
      const headers = Object.fromEntries(entries) as Headers;
      const { message } = decodeMessage(arrive(overWire(headers)), true);
      expect(JSON.stringify(message.headers)).toBe(JSON.stringify(headers));
    }),
  );
});

it("brings every number through the client, which writes some as whole ones that are none; what JSON does not have is null", () => {
  const odd = [-1e30, -1e19, -(2 ** 63), 2 ** 63, 2 ** 50 + 0.5, -(2 ** 50) - 0.5, NaN, Infinity, -Infinity, 1.5, -7];
  const numbers = fc.oneof(fc.double(), fc.constantFrom(...odd));
  fc.assert(
    fc.property(numbers, (number) => {
      const headers = { flat: number, nested: { list: [null, number] } };
      const { message } = decodeMessage(arrive(overWire(headers)), true);
      expect(JSON.stringify(message.headers)).toBe(JSON.stringify(headers));
    }),
  );
});

it("reads a decimal of another client's as its number", () => {
  const table = { price: { "!": "decimal", value: { digits: 1_250, places: 2 } }, at: { "!": "timestamp", value: 1 } };
  const { message } = decodeMessage(arrive(encodeMessage(messageWith({}), noMarks), table), true);
  expect(message.headers).toEqual({ price: "12.5", at: "1" });
});

/** A table within a table, or a list within a list, and so on. */
function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = "core";
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

it("reads whatever table somebody sends: a message that cannot be taken in would come first again and again", () => {
  const odd = { a: { "!": "x", value: { toString: 1, valueOf: 1 } }, b: { "!": "y" }, id: "t1" };
  const { message } = decodeMessage(arrive(encodeMessage(messageWith({}), noMarks), odd), true);
  expect(message.headers).toEqual({ ...odd, b: "undefined" });
  for (const wrap of [
    (inner: unknown) => ({ a: inner }),
    (inner: unknown) => [inner],
    (inner: unknown) => ({ "!": "x", value: inner }),
  ]) {
    for (const name of ["deep", "x-lovage-headers"]) {
      const deep = nested(3_000, wrap);
      const headers = { [name]: name === "deep" ? deep : JSON.stringify({ deep }), id: "t1" };
      const raw = arrive({ ...encodeMessage(messageWith({}), noMarks), messageId: undefined }, headers);
      expect(decodeMessage(raw, true).message.properties.messageId).toMatch(/^(?:t1:0|unnamed-.*)$/u);
    }
  }
});

it("copies a message of another client's whose headers are larger than ours can be without the largest of them", () => {
  const headers = { id: "t1", log: "é".repeat(40_000), task: "shop.add", more: ["x".repeat(30_000)] };
  const copied = encodeMessage(messageWith(headers), noMarks);
  expect(JSON.stringify(copied.headers).length).toBeLessThan(61_440);
  const { message } = decodeMessage(arrive(copied), true);
  expect(message.headers).toEqual({ id: "t1", task: "shop.add", more: headers.more });
});

it("leaves a plain table to the protocol, for Celery to read", () => {
  const headers = { id: "t1", task: "shop.add", retries: 0, timelimit: [null, null], stamps: {} };
  expect(encodeMessage(messageWith(headers), noMarks).headers).toEqual(headers);
});

const int32 = (value: number): object => ({ "!": "int32", value });

it("gives numbers, marks as well, a type that Celery's client reads", () => {
  const headers = { timelimit: [300, 200], retries: 3, group_index: 130, n: -1, deep: { at: 128 } };
  expect(encodeMessage(messageWith(headers), { losses: 200, deliveries: 300, restMs: 5_000 }).headers).toEqual({
    timelimit: [int32(300), int32(200)],
    retries: 3,
    group_index: int32(130),
    n: int32(-1),
    deep: { at: int32(128) },
    "x-lovage-losses": int32(200),
    "x-lovage-deliveries": int32(300),
    "x-lovage-rest": int32(5_000),
  });
});

it.each([6_000, 17_000, 40_000])(
  "leaves a table with a text of %i characters to the protocol, and what is too large for one to JSON",
  (length) => {
    for (const beside of [{}, { timelimit: [null, null] }]) {
      const headers = { id: "t1", token: "t".repeat(length), ...beside };
      expect(encodeMessage(messageWith(headers), noMarks).headers).toEqual(headers);
    }
    const large = { id: "t1", list: Array.from({ length }, () => 1) };
    expect(Object.keys(encodeMessage(messageWith(large), noMarks).headers ?? {})).toEqual(["x-lovage-headers"]);
  },
);

it("carries losses and deliveries, and adds what the broker counted", () => {
  const sent = encodeMessage(messageWith({}), { losses: 1, deliveries: 3, restMs: 0 });
  expect(decodeMessage(arrive(sent), true).marks).toEqual({ losses: 1, deliveries: 3, restMs: 0 });
  expect(decodeMessage(arrive(sent, { "x-delivery-count": 2 }, true), true).marks).toMatchObject({
    losses: 3,
    deliveries: 5,
  });
  expect(decodeMessage(arrive(sent, {}, true), false).marks).toMatchObject({ losses: 2, deliveries: 4 });
});

const commands = { CC: "boss@example.com", BCC: ["finance"], cc: "c" };

it("sends no header that is a command to the broker: it would refuse the message, or copy it to other queues, each copy of it again", () => {
  const sent = encodeMessage(messageWith({ ...commands, at: { CC: 1 } }), noMarks);
  expect(Object.keys(sent.headers ?? {})).toEqual(["x-lovage-headers"]);
  expect(decodeMessage(arrive(sent), true).message.headers).toEqual({ ...commands, at: { CC: 1 } });
  expect(encodeMessage(messageWith({ at: { CC: 1 } }), noMarks).headers).toEqual({ at: { CC: 1 } });
});

it("does not bring on another's command to the broker, which has carried it out: a copy for Celery keeps its table", () => {
  const { message } = decodeMessage(arrive(encodeMessage(messageWith({ id: "t1" }), noMarks), commands), true);
  expect(message.headers).toEqual({ id: "t1", cc: "c" });
});

it("charges a new attempt with nothing that a retry of Celery's carries on from the one before", () => {
  const [before, retry] = [
    { id: "t1", retries: 0 },
    { id: "t1", retries: 1 },
  ];
  const sent = encodeMessage(messageWith(before), { losses: 2, deliveries: 4, restMs: 0 });
  const [marks, held] = [sent.headers as Headers, "mail.held.0d8f4c1e-7f0a-4b7e-9a55-5d0c3d8f2b11"];
  expect(decodeMessage(arrive(sent), true).marks).toEqual({ losses: 2, deliveries: 4, restMs: 0 });
  const carried = { ...marks, ...retry, "x-delivery-count": 5, "x-first-death-queue": held };
  const retried = { ...encodeMessage(messageWith(retry), noMarks), messageId: undefined };
  for (const isQuorum of [true, false]) {
    const { message, marks: ofRetry, isPassedOn } = decodeMessage(arrive(retried, carried), isQuorum);
    expect([message.headers, ofRetry.losses, isPassedOn]).toEqual([retry, 0, false]);
  }
  expect(decodeMessage(arrive(retried, carried, true), true).marks.losses).toBe(5);
});

it("drops what the broker wrote on the way through the ladder", () => {
  const way = { "x-death": [{ count: 1 }], "x-first-death-queue": "lovage.delay.3", "lovage-delay-3": true };
  const { message } = decodeMessage(arrive(encodeMessage(messageWith({ a: 1 }), noMarks), way), true);
  expect(message.headers).toEqual({ a: 1 });
});

it("brings back what a sender has named like the headers of the broker's or of this driver's, and reads nothing into it", () => {
  const names = ["x-death", "x-delivery-count", "x-lovage-losses", "x-lovage-headers", "lovage-delay-3", "CC"];
  for (const name of names) {
    const { message, marks } = decodeMessage(arrive(overWire({ [name]: 7, a: 1 })), true);
    expect([message.headers, marks]).toEqual([{ [name]: 7, a: 1 }, noMarks]);
  }
});

it("has room in a copy for every name and property of another client's message, however long it is once it has been read", () => {
  const long = "�".repeat(200);
  const foreign = {
    messageId: undefined,
    correlationId: long,
    replyTo: long,
    contentType: long,
    contentEncoding: long,
  };
  for (const messageId of [undefined, long]) {
    const raw = arrive({ ...encodeMessage(messageWith({ id: "x".repeat(300) }), noMarks), ...foreign, messageId });
    const { message } = decodeMessage(raw, true);
    const copy = encodeMessage(message, { losses: 1, deliveries: 1, restMs: 0 });
    for (const value of [copy.messageId, copy.correlationId, copy.replyTo, copy.contentType, copy.contentEncoding])
      expect(Buffer.byteLength(value ?? "")).toBeLessThanOrEqual(255);
    expect(decodeMessage(arrive(copy), true)).toMatchObject({ message, marks: { losses: 1 } });
    expect(decodeMessage(raw, true).message).toEqual(message);
  }
});

it("names a message of Celery's by its task and its retries", () => {
  const foreign = { ...messageWith({ id: "t1", retries: 2 }), properties: {} as Message["properties"] };
  expect(decodeMessage(arrive(encodeMessage(foreign, noMarks)), true).message.properties.messageId).toBe("t1:2");
});

it("has the most urgent priority of Lovage's for one of Celery's above it", () => {
  const urgent = encodeMessage(messageWith({}), noMarks);
  const priorityOf = (priority: number): number | undefined =>
    decodeMessage(arrive({ ...urgent, priority }), true).message.properties.priority;
  expect([0, 9, 10, 255].map(priorityOf)).toEqual([0, 9, 9, 9]);
});

const namedAs = (text: string, deliveryTag: number): string => {
  const raw = { fields: { deliveryTag, redelivered: false }, properties: {}, content: Buffer.from(text) };
  return decodeMessage(raw as unknown as ConsumeMessage, true).message.properties.messageId;
};

it("names a message without any id by what it is, not by where it lies: what is chosen by the name is that message", () => {
  expect(namedAs("one", 1)).toMatch(/^unnamed-[\da-f]{16}$/u);
  expect(namedAs("one", 2)).toBe(namedAs("one", 1));
  expect(namedAs("two", 1)).not.toBe(namedAs("one", 1));
});
