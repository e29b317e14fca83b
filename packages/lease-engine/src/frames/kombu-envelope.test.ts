import * as fc from "fast-check";
import { expect, test } from "vitest";

import { decodeEnvelope, encodeEnvelope } from "./kombu-envelope.ts";

const address = { exchange: "", routingKey: "q" };

const messages = fc.record({
  headers: fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, never>>,
  properties: fc.record(
    {
      messageId: fc.string(),
      contentType: fc.string(),
      contentEncoding: fc.string(),
      correlationId: fc.string(),
      replyTo: fc.string(),
      priority: fc.integer({ min: 1, max: 9 }),
      key: fc.string(),
    },
    { requiredKeys: ["messageId", "contentType", "contentEncoding"] },
  ),
  body: fc.uint8Array(),
});

test("what goes into an envelope comes out of it", () => {
  fc.assert(
    fc.property(messages, (message) => {
      const found = decodeEnvelope(encodeEnvelope(message, address), "none");
      expect(JSON.stringify(found?.headers)).toBe(JSON.stringify(message.headers));
      expect({ ...found?.properties }).toEqual({ ...message.properties });
      expect([...(found?.body ?? [])]).toEqual([...message.body]);
    }),
  );
});

// Without a tag, an address, a content type or the encoding of the body Python's worker exits (wire format, 1.7); copies with the same tag are taken for one (2).
test("an envelope has all that Kombu's has, and a tag of its own for each copy", () => {
  const properties = { messageId: "m", contentType: "application/json", contentEncoding: "utf-8", correlationId: "a" };
  const message = { headers: { task: "t", id: "a" }, properties, body: Buffer.from("[[],{},{}]") };
  const copies = ["a", "b"].map(
    (routingKey) => JSON.parse(encodeEnvelope(message, { exchange: "", routingKey })) as object,
  );
  expect(copies[0]).toEqual({
    body: "W1tdLHt9LHt9XQ==",
    "content-type": "application/json",
    "content-encoding": "utf-8",
    headers: { task: "t", id: "a" },
    properties: {
      message_id: "m",
      correlation_id: "a",
      delivery_mode: 2,
      delivery_info: { exchange: "", routing_key: "a" },
      priority: 0,
      body_encoding: "base64",
      delivery_tag: aTag,
    },
  });
  const [one, two] = copies.map((copy) => (copy as { properties: { delivery_tag: string } }).properties.delivery_tag);
  expect(one).not.toBe(two);
});

const aTag: unknown = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);

test("whatever stands in a list is an envelope or none, and never an error", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        body: fc.jsonValue(),
        properties: fc.jsonValue(),
        headers: fc.jsonValue(),
        "content-type": fc.jsonValue(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, (given) => {
      const found = decodeEnvelope(given, "none");
      if (found === undefined) return;
      expect(typeof found.properties.messageId).toBe("string");
      expect(found.body).toBeInstanceOf(Uint8Array);
      expect(Object.getPrototypeOf(found.headers)).toBe(Object.prototype);
    }),
  );
});

test.each([
  [10, 9],
  [255, 9],
  [2.5, 2],
  [0.5, undefined],
  [-1, undefined],
])("a priority of %d, which another program may have given, is %s here", (given, expected) => {
  const properties = { messageId: "a", contentType: "", contentEncoding: "", priority: given };
  const found = decodeEnvelope(encodeEnvelope({ headers: {}, properties, body: Buffer.of() }, address), "none");
  expect(found?.properties.priority).toBe(expected);
});

/** An envelope with these headers, as text: some of them JavaScript cannot write. */
function envelopeWith(headers: string): string {
  return `{"body": "e30=", "content-type": "application/json", "content-encoding": "utf-8", "headers": ${headers}, "properties": {"body_encoding": "base64", "delivery_tag": "t"}}`;
}

test.each([
  ['{"id": "a", "score": NaN}', { id: "a", score: null }],
  ['{"id": "a", "timelimit": [Infinity, -Infinity]}', { id: "a", timelimit: [null, null] }],
  ['{"id": "NaN, \\"Infinity", "score": NaN}', { id: 'NaN, "Infinity', score: null }],
])("numbers that Python writes and JSON has no form for are nothing in headers: %s", (headers, expected) => {
  expect(decodeEnvelope(envelopeWith(headers), "none")?.headers).toEqual(expected);
});

test.each([`{"body": NaN, "x": "${'\\"'.repeat(200_000)}`, `{"body": NaN, "x": "${'\\"'.repeat(200_000)}\\`])(
  "what only looks as if it had such numbers is none, soon",
  (text) => {
    expect(decodeEnvelope(text, "none")).toBeUndefined();
  },
);

/** An object in an object, and so on, as text. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}[]${"}".repeat(depth)}`;
}

test("headers that are nested too deeply to be written again are cut, and the rest of the message stays", () => {
  const found = decodeEnvelope(envelopeWith(`{"id": "a", "ok": ${nested(50)}, "deep": ${nested(50_000)}}`), "none");
  if (found === undefined) throw new Error("It is an envelope.");
  expect(found.headers).toMatchObject({ id: "a", ok: JSON.parse(nested(50)) as unknown });
  const again = decodeEnvelope(encodeEnvelope(found, address), "none");
  expect(again?.headers).toEqual(found.headers);
  expect(JSON.stringify(found.headers)).toContain('"…"');
});

test.each([
  ["base64", "W10=", "[]"],
  ["utf-8", "[]", "[]"],
  [undefined, "[]", "[]"],
])("a body in the encoding %s is read", (encoding, body, expected) => {
  const text = JSON.stringify({ body, properties: { body_encoding: encoding } });
  expect(Buffer.from(decodeEnvelope(text, "none")?.body ?? []).toString()).toBe(expected);
});
