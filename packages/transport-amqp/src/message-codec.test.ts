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

it("leaves a plain table to the protocol, for Celery to read", () => {
  const headers = { id: "t1", task: "shop.add", retries: 0, timelimit: [null, null], stamps: {} };
  expect(encodeMessage(messageWith(headers), noMarks).headers).toEqual(headers);
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

it("drops what the broker wrote on the way through the ladder", () => {
  const way = { "x-death": [{ count: 1 }], "x-first-death-queue": "lovage.delay.3", "lovage-delay-3": true };
  const { message } = decodeMessage(arrive(encodeMessage(messageWith({ a: 1 }), noMarks), way), true);
  expect(message.headers).toEqual({ a: 1 });
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
