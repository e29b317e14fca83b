import { decodeFrame, type RoutedMessage } from "@lovage/lease-engine";
import { expect, test } from "vitest";

import { plainBatch } from "./message-batch.ts";

const message = (id: string, more: Partial<RoutedMessage> = {}): RoutedMessage => ({
  to: "q",
  headers: { n: id.length },
  body: Buffer.from(id),
  ...more,
  properties: { messageId: id, contentType: "text/plain", contentEncoding: "utf-8", ...more.properties },
});

const withProperties = (more: Partial<RoutedMessage["properties"]>): RoutedMessage => ({
  ...message("b"),
  properties: { ...message("b").properties, ...more },
});

const numbers = (list: unknown): number[] => JSON.parse(String(list).replace("{", "[").replace("}", "]")) as number[];

test("messages of one queue that have nothing but defaults are a plain batch: each frame is where the lists say", () => {
  const messages = [message("a"), message("bcd"), withProperties({ priority: 0 })];
  const [queue, starts, lengths, bytes] = plainBatch(messages) ?? [];
  expect(queue).toBe("q");
  const bodies = numbers(starts).map((start, index) => {
    const end = start - 1 + (numbers(lengths)[index] ?? 0);
    return Buffer.from(decodeFrame((bytes as Buffer).subarray(start - 1, end)).body).toString();
  });
  expect(bodies).toEqual(["a", "bcd", "b"]);
});

test.each([
  ["another queue", message("b", { to: "r" })],
  ["a priority", withProperties({ priority: 1 })],
  ["a key", withProperties({ key: "k" })],
  ["a delay", message("b", { notBefore: { inMs: 5 } })],
  ["an instant", message("b", { notBefore: { atMs: 5 } })],
])("one message with %s makes a batch that is not plain", (_, other) => {
  expect(plainBatch([message("a"), other])).toBeUndefined();
});
