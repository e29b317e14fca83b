import type { Delivery } from "@lovage/transport";
import { expect, it, vi } from "vitest";

import { readArrival } from "../message/arrival.ts";
import { hiddenSeconds } from "../leases/put-back.ts";
import { connectToEmulator } from "../test-support/connect-to-emulator.ts";

const dayMs = 86_400_000;

it("a release into a FIFO queue for longer than SQS hides a message hides it for as long as that", async () => {
  const { connection } = await connectToEmulator();
  await connection.declare({ queues: [{ name: "q.fifo" }] });
  const properties = { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" };
  await connection.publish([{ to: "q.fifo", headers: {}, properties, body: new Uint8Array() }]);
  const deliveries: Delivery[] = [];
  await connection.consume({ queue: "q.fifo", prefetch: 1, onDelivery: (delivery) => deliveries.push(delivery) });
  await vi.waitUntil(() => deliveries.length > 0, { timeout: 20_000 });
  await expect(deliveries[0]!.release({ delayMs: dayMs })).resolves.toBeUndefined();
});

it("the time for which a message was held counts towards the twelve hours", () => {
  const arrival = readArrival("q.fifo", {}, 1_000);
  const secondsAfter = (heldMs: number, delayMs: number): number => hiddenSeconds({ arrival, delayMs }, 1_000 + heldMs);
  expect(secondsAfter(0, 1_500)).toBe(2);
  expect(secondsAfter(0, dayMs)).toBe(43_140);
  expect(secondsAfter(3_600_000, dayMs)).toBe(39_540);
  expect(secondsAfter(dayMs, dayMs)).toBe(0);
});

it("a message of a FIFO queue that is released sixty times, and those behind it, are not poison", async () => {
  const { connection } = await connectToEmulator();
  await connection.declare({ queues: [{ name: "q.fifo" }] });
  const properties = { contentType: "text/plain", contentEncoding: "utf-8", key: "x" };
  const messages = ["a", "b", "c"].map((messageId) => ({
    to: "q.fifo",
    headers: {},
    properties: { ...properties, messageId },
    body: new Uint8Array(),
  }));
  await connection.publish(messages);
  const came: string[] = [];
  const onDelivery = (delivery: Delivery): void => {
    came.push(delivery.message.properties.messageId);
    void (came.length <= 60 ? delivery.release() : delivery.ack());
  };
  const exhausted: string[] = [];
  const onExhausted = ({ message }: Delivery): void => void exhausted.push(message.properties.messageId);
  await connection.consume({ queue: "q.fifo", prefetch: 1, onDelivery, onExhausted });
  await vi.waitUntil(() => came.length + exhausted.length >= 63, { timeout: 20_000 });
  expect([exhausted, came.slice(0, 60).every((id) => id === "a"), came.slice(60)]).toEqual([[], true, ["a", "b", "c"]]);
});
