import { describe, expect, test } from "vitest";

import { checkMessage, messageBytes } from "./check-message.ts";
import type { OutgoingMessage } from "./message.ts";

const properties = { messageId: "m:0", contentType: "application/json", contentEncoding: "utf-8" };
const limits = { maxMessageBytes: 1_000, delayHorizonMs: 60_000 };

const messageOf = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  to: "q",
  headers: {},
  properties,
  body: new Uint8Array(2),
  ...changes,
});

/** A message of exactly so many bytes. */
const messageOfBytes = (bytes: number, headers: OutgoingMessage["headers"]): OutgoingMessage => {
  const rest = messageBytes(messageOf({ headers, body: new Uint8Array(0) }));
  return messageOf({ headers, body: new Uint8Array(bytes - rest) });
};

describe("size", () => {
  test.each([
    ["plain headers", { id: "x".repeat(100) }],
    ["headers that JSON makes longer", { id: "\u0001".repeat(100), other: "\ud800é" }],
    ["nested headers", { a: { b: { c: { d: { e: { f: "deep" } } } } } }],
  ])("with %s the limit holds to the byte", (_what, headers) => {
    expect(() => checkMessage(messageOfBytes(1_000, headers), limits)).not.toThrow();
    const check = (): void => checkMessage(messageOfBytes(1_001, headers), limits);
    expect(check).toThrow(expect.objectContaining({ code: "MESSAGE_TOO_LARGE", bytes: 1_001, maxBytes: 1_000 }));
  });
});

describe("properties", () => {
  test.each<[string, Partial<OutgoingMessage>, RegExp]>([
    ["an empty message id", { properties: { ...properties, messageId: "" } }, /needs a message id/],
    ["a priority of 10", { properties: { ...properties, priority: 10 } }, /from 0 to 9/],
    ["half a priority", { properties: { ...properties, priority: 0.5 } }, /from 0 to 9/],
    ["a key with a zero character", { properties: { ...properties, key: "a\0b" } }, /without a zero character/],
    ["a key of more than 200 bytes", { properties: { ...properties, key: "é".repeat(101) } }, /at most 200 bytes/],
    ["a delay beyond the horizon", { notBefore: { inMs: 60_001 } }, /at most 60000 ms/],
    ["an instant that is none", { notBefore: { atMs: Number.NaN } }, /finite number/],
  ])("%s is refused", (_what, changes, text) => {
    const check = (): void => checkMessage(messageOf(changes), limits);
    expect(check).toThrow(text);
    expect(check).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });

  test("the bounds themselves are accepted", () => {
    const message = messageOf({
      properties: { ...properties, priority: 9, key: "é".repeat(100) },
      notBefore: { inMs: 60_000 },
    });
    expect(() => checkMessage(message, limits)).not.toThrow();
  });
});
