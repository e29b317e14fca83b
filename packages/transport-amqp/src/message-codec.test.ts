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

const values = fc.letrec<{ value: Headers[string] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "grapheme" }),
    fc.integer(),
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
      const { message } = decodeMessage(arrive(encodeMessage(messageWith(headers), noMarks)), true);
      expect(JSON.stringify(message.headers)).toBe(JSON.stringify(headers));
    }),
  );
});

it("leaves a plain table to the protocol, for Celery to read", () => {
  const headers = { id: "t1", task: "shop.add", retries: 0, timelimit: [null, null], stamps: {} };
  expect(encodeMessage(messageWith(headers), noMarks).headers).toEqual(headers);
});

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
