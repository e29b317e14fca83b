import { EventEmitter } from "node:events";
import type { AmqpSession } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import type { AmqpDelivery } from "./delivery.ts";
import { HoldingQueue, type HoldingQueueParts } from "./holding-queue.ts";

/** A channel of the client on which everything is answered. */
class FakeChannel extends EventEmitter {
  readonly acked: number[] = [];
  receive: (raw: unknown) => void = () => {};

  async prefetch(): Promise<void> {
    await Promise.resolve();
  }

  async consume(_: string, receive: (raw: unknown) => void): Promise<void> {
    await Promise.resolve(void (this.receive = receive));
  }

  ack({ fields }: { readonly fields: { readonly deliveryTag: number } }): void {
    this.acked.push(fields.deliveryTag);
  }
}

const delivery = {
  message: {
    headers: {},
    properties: { messageId: "a", contentType: "", contentEncoding: "" },
    body: Buffer.from("x"),
  },
  marks: { losses: 0, deliveries: 0, restMs: 0 },
  fence: 1,
  arrival: { channel: { alive: async () => await Promise.resolve() } },
  holdBy: () => undefined,
} as unknown as AmqpDelivery;

test("a copy that does not come, since its queue had no leader and has passed it on, is not waited for: the renewal can be tried again", async () => {
  const clock = virtualClock();
  const channel = new FakeChannel();
  const renewals: string[] = [];
  const parts = {
    queue: "mail",
    clock,
    log: silentLog,
    session: {
      where: "broker:5672",
      standstills: 0,
      ended: new AbortController().signal,
      channel: async () => await Promise.resolve(channel),
      answer: async (promise: Promise<unknown>) => await promise,
      closeChannel: async () => await Promise.resolve(),
    } as unknown as AmqpSession,
    topology: {
      declareHolding: async () => await Promise.resolve(),
      deleteHolding: async () => await Promise.resolve(),
      formOf: () => ({ consumerTimeoutMs: 1_800_000 }) as ReturnType<HoldingQueueParts["topology"]["formOf"]>,
    },
    publisher: {
      renew: async (_: unknown, __: string, { marks }: Parameters<HoldingQueueParts["publisher"]["renew"]>[2]) =>
        await Promise.resolve(void renewals.push(marks.renewal ?? "")),
    },
    onRenewed: () => {},
    onEnd: () => {},
  } satisfies HoldingQueueParts;
  const holding = await HoldingQueue.open(parts);
  const renewal = holding.renew(delivery);
  renewal.catch(() => {});
  await clock.advance(10_000);
  await expect(renewal).rejects.toMatchObject({ kind: "unavailable" });
  expect([renewals.length, clock.pending]).toEqual([1, 0]);
  const properties = { headers: { "x-lovage-renewal": renewals[0] } };
  channel.receive({ fields: { deliveryTag: 1, redelivered: false }, properties, content: Buffer.from("x") });
  await clock.advance(0);
  expect(channel.acked).toEqual([1]);
});
