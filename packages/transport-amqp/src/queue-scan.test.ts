import type { AmqpSession } from "@lovage/client-amqp";
import { systemClock } from "@lovage/foundation";
import type { Message } from "@lovage/transport";
import { expect, test, vi } from "vitest";

import type { Publisher } from "./publishing/publisher.ts";
import type { SentMessages } from "./publishing/sent-messages.ts";
import { QueueScan } from "./queue-scan.ts";

interface Raw {
  readonly properties: { readonly messageId: string; readonly priority: number; readonly headers: object };
}

/** A queue that hands out its messages by their priority, and counts what is in somebody's hands. */
class PlayedQueue {
  readonly #waiting: Raw[] = [];
  unsettled = 0;
  mostUnsettled = 0;
  copies = 0;
  /** The copy that fails. */
  failsAt = Infinity;
  writtenAt = Infinity;
  /** What was written, and not confirmed in time. */
  written: { readonly message: Message; readonly sent: SentMessages } | undefined;
  closings = 0;

  constructor(messages: readonly (readonly [id: string, priority: number])[]) {
    for (const message of messages) this.#put(message);
  }

  get ids(): string {
    return this.#waiting.map(({ properties }) => properties.messageId).join(" ");
  }

  async open(): Promise<QueueScan> {
    const channel = {
      get: async () => await Promise.resolve(this.#take()),
      ack: () => (this.unsettled -= 1),
      close: async () => await Promise.resolve(void (this.closings += 1)),
    };
    const session = { channel: () => channel, answer: async (promise: Promise<unknown>) => await promise };
    const publisher = {
      forward: async (message: Message, _: string, { sent }: { readonly sent: SentMessages }) =>
        await Promise.resolve(this.#copy(message, sent)),
    };
    const options = { queue: "mail", isQuorum: false, givesBackCopies: true, clock: systemClock };
    return await QueueScan.open(session as unknown as AmqpSession, publisher as unknown as Publisher, options);
  }

  #put([messageId, priority]: readonly [string, number]): void {
    this.#waiting.push({ properties: { messageId, priority, headers: {} } });
    this.#waiting.sort((a, b) => b.properties.priority - a.properties.priority);
  }

  #take(): unknown {
    const raw = this.#waiting.shift();
    if (raw === undefined) return false;
    this.unsettled += 1;
    this.mostUnsettled = Math.max(this.mostUnsettled, this.unsettled);
    return { ...raw, fields: { deliveryTag: 1, redelivered: false }, content: Buffer.from("x") };
  }

  /** The broker reads on. */
  accept(): void {
    const { message, sent } = this.written!;
    this.#put([message.properties.messageId, message.properties.priority ?? 0]);
    sent.end("copy", null);
  }

  #copy(message: Message, sent: SentMessages): void {
    const { properties } = message;
    this.copies += 1;
    if (this.copies === this.writtenAt) {
      sent.leave("copy");
      this.written = { message, sent };
    }
    if (this.copies === this.failsAt) throw new Error("The broker takes no messages.");
    this.#put([properties.messageId, properties.priority ?? 0]);
  }
}

test("what is looked at goes back before the next one is taken: one that is not given back is a loss of one at most", async () => {
  const queue = new PlayedQueue(["a", "b", "c", "d", "e"].map((id) => [id, 0]));
  queue.failsAt = 3;
  const scan = await queue.open();
  await expect(scan.run(5, () => ({ kind: "keep" }))).rejects.toThrow("takes no messages");
  expect([queue.unsettled, queue.mostUnsettled]).toEqual([1, 1]);
});

test("all of a queue is seen once, and has its old order, also where some come before others", async () => {
  const queue = new PlayedQueue([
    ["low-1", 0],
    ["high-1", 5],
    ["low-2", 0],
    ["high-2", 5],
  ]);
  const seen: string[] = [];
  const scan = await queue.open();
  await scan.run(4, ({ message }) => {
    seen.push(message.properties.messageId);
    return { kind: "keep" };
  });
  expect([seen.join(" "), queue.ids]).toEqual(["high-1 high-2 low-1 low-2", "high-1 high-2 low-1 low-2"]);
  expect([queue.unsettled, queue.mostUnsettled]).toEqual([0, 3]);
});

test("what was kept until the end, for its priority, goes back also when the scan fails", async () => {
  const queue = new PlayedQueue([
    ["high", 5],
    ["low", 0],
  ]);
  const scan = await queue.open();
  const looking = scan.run(2, ({ message }) => {
    if (message.properties.messageId === "low") throw new Error("not this one");
    return { kind: "keep" };
  });
  await expect(looking).rejects.toThrow("not this one");
  expect([queue.ids, queue.unsettled]).toEqual(["high", 1]);
});

test("one whose copy was written and is not confirmed in time stays in our hands until it is, and is not there twice then", async () => {
  const queue = new PlayedQueue(["a", "b"].map((id) => [id, 0]));
  queue.failsAt = queue.writtenAt = 1;
  const scan = await queue.open();
  await expect(scan.run(2, () => ({ kind: "keep" }))).rejects.toThrow("takes no messages");
  await scan.close();
  expect([queue.unsettled, queue.closings]).toEqual([1, 0]);
  queue.accept();
  await vi.waitFor(() => expect(queue.closings).toBe(1), { timeout: 20_000 });
  expect([queue.unsettled, queue.ids]).toEqual([0, "b a"]);
});
