import type { Headers, MessageProperties } from "@lovage/transport";
import * as fc from "fast-check";
import { expect, it } from "vitest";

import { describeMessage, type Description } from "./describe-message.ts";
import { readFrameText } from "./frame-text.ts";

const ids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
/** Few values, so that messages are often alike in all but one. */
const text = fc.constantFrom("", "a", "\u0001", '"', ...ids);
const value = fc.constantFrom<Headers[string]>("", "a", '"', null, 0, 1, true, ...ids);
const headers = fc.oneof(
  fc.record({ task: value, id: value }),
  fc.record({ id: value, task: value }),
  fc.record({ task: value, id: value, timelimit: fc.constant([null, 1]) }),
  fc.record({ id: value }),
);
const properties: fc.Arbitrary<MessageProperties> = fc.record(
  {
    messageId: fc.constantFrom(...ids.flatMap((id) => [`${id}:0`, `${id}:1`]), ":0", ":1", "a:0"),
    contentType: fc.constantFrom("application/json", "text/plain"),
    contentEncoding: fc.constant("utf-8"),
    correlationId: text,
    replyTo: text,
    priority: fc.constantFrom(0, 9),
    key: text,
  },
  { requiredKeys: ["messageId", "contentType", "contentEncoding"] },
);

it("describes each of several messages in a row as if it came alone", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(headers, properties), { minLength: 2, maxLength: 6 }), (messages) => {
      for (const [given, about] of messages) {
        const { taskId, text: described } = describeMessage(given, about);
        const read = readFrameText(Buffer.from(described).toString(), taskId);
        expect(JSON.stringify(read.headers)).toBe(JSON.stringify(given));
        expect(read.properties).toEqual(about);
      }
    }),
    { numRuns: 2_000 },
  );
});

it("knows a header that is left out from one that is null", () => {
  const about = { messageId: "a:0", contentType: "application/json", contentEncoding: "utf-8" };
  const without = describeMessage({ lang: undefined } as unknown as Headers, about);
  const withNull = describeMessage({ lang: null }, about);
  expect(Buffer.from(withNull.text).equals(without.text)).toBe(false);
});

it("describes anew what was changed since it came last", () => {
  const about = { messageId: "a:0", contentType: "application/json", contentEncoding: "utf-8" };
  const given: Record<string, Headers[string]> = { stamps: { a: 1 } };
  const before = describeMessage(given, about);
  (given["stamps"] as Record<string, number>)["a"] = 2;
  expect(Buffer.from(describeMessage(given, about).text).equals(before.text)).toBe(false);
});

function describeCall(task: string, id: string): Description {
  return describeMessage(
    { lang: "js", task, id },
    { messageId: `${id}:0`, contentType: "application/json", contentEncoding: "utf-8" },
  );
}

it("makes no text for a call of a task whose last call was described, whatever came between", () => {
  const { text: first } = describeCall("orders.pay", "a1");
  describeCall("orders.ship", "b1");
  expect(describeCall("orders.pay", "a2").text).toBe(first);
});
