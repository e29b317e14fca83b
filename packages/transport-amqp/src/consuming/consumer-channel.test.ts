import { EventEmitter } from "node:events";
import type { AmqpSession } from "@lovage/client-amqp";
import { expect, test } from "vitest";

import { ConsumerChannel, type Arrival, type ConsumedQueue } from "./consumer-channel.ts";

type Receive = (message: object | null) => void;

/** A channel of the client whose broker the test is. */
class FakeChannel extends EventEmitter {
  readonly consumers: { readonly receive: Receive; readonly options: object }[] = [];
  readonly acked: number[] = [];
  readonly nacked: { readonly tag: number; readonly upTo: boolean; readonly requeues: boolean }[] = [];
  closings = 0;
  /** The connection below is closing, and the client refuses to send. */
  isClosing = false;

  async prefetch(): Promise<void> {
    await Promise.resolve();
  }

  async consume(_queue: string, receive: Receive, options: object): Promise<void> {
    this.consumers.push({ receive, options });
    await Promise.resolve();
  }

  async get(): Promise<never> {
    return await Promise.reject(new Error("no answer within 10000 ms"));
  }

  ack({ fields }: { readonly fields: { readonly deliveryTag: number } }): void {
    if (this.isClosing) throw new Error("Connection closing");
    this.acked.push(fields.deliveryTag);
  }

  nack({ fields }: { readonly fields: { readonly deliveryTag: number } }, upTo: boolean, requeues: boolean): void {
    if (this.isClosing) throw new Error("Connection closing");
    this.nacked.push({ tag: fields.deliveryTag, upTo, requeues });
  }

  deliver(consumer: number, deliveryTag: number): void {
    this.consumers[consumer]?.receive({ fields: { deliveryTag }, properties: {}, content: Buffer.alloc(0) });
  }

  end(consumer: number): void {
    this.consumers[consumer]?.receive(null);
  }
}

interface Scene {
  readonly fake: FakeChannel;
  readonly channel: ConsumerChannel;
  readonly arrivals: Arrival[];
  readonly ends: Error[];
}

async function open(queue: ConsumedQueue, caps: readonly number[]): Promise<Scene> {
  const [fake, arrivals, ends]: [FakeChannel, Arrival[], Error[]] = [new FakeChannel(), [], []];
  const session = {
    where: "broker:5672",
    standstills: 0,
    ended: new AbortController().signal,
    channel: async () => await Promise.resolve(fake),
    answer: async (promise: Promise<unknown>) => await promise,
    closeChannel: async () => {
      fake.closings += 1;
      await Promise.resolve();
    },
  } as unknown as AmqpSession;
  const channel = await ConsumerChannel.open(session, queue, {
    onArrival: (arrival) => void arrivals.push(arrival),
    onEnd: (cause) => void ends.push(cause),
    onBegun: () => {},
    onQuiet: () => {},
  });
  for (const cap of caps) {
    channel.setCap(cap);
    await turn();
  }
  return { fake, channel, arrivals, ends };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("a consumer that the server ends takes all of its channel with it, once, and the channel is closed: what the server has not taken back goes back too", async () => {
  const { fake, channel, arrivals, ends } = await open({ name: "mail", timeoutMs: 1_800_000 }, [2, 4]);
  expect(fake.consumers).toHaveLength(2);
  fake.deliver(0, 1);
  fake.deliver(1, 2);
  expect(arrivals).toHaveLength(2);
  const ack = channel.ack(arrivals[0]!);
  fake.end(0);
  fake.end(1);
  await expect(ack).rejects.toMatchObject({ code: "AMQP_FAILED" });
  await expect(channel.ack(arrivals[1]!)).rejects.toMatchObject({ code: "AMQP_FAILED" });
  expect([ends.length, fake.closings, channel.hasEnded, fake.acked]).toEqual([1, 1, true, []]);
  expect(ends[0]?.message).toContain("consumer timeout");
});

test("nothing may be published any more for what came over a channel that is closed, also while what was acknowledged is still being recorded", async () => {
  const { fake, channel, arrivals } = await open({ name: "mail", timeoutMs: undefined }, [2]);
  fake.deliver(0, 1);
  const ack = channel.ack(arrivals[0]!);
  expect(channel.leaving.aborted).toBe(false);
  void channel.close();
  expect([channel.leaving.aborted, channel.hasEnded]).toEqual([true, false]);
  await ack;
});

test("what comes after the end is nobody's", async () => {
  const { fake, arrivals } = await open({ name: "mail", timeoutMs: undefined }, [2, 4]);
  fake.end(0);
  fake.deliver(1, 1);
  expect(arrivals).toEqual([]);
});

test("asks for the consumer timeout that it goes by, of the queues that have one", async () => {
  const quorum = await open({ name: "mail", timeoutMs: 600_000 }, [1]);
  expect(quorum.fake.consumers[0]?.options).toMatchObject({ arguments: { "x-consumer-timeout": 600_000 } });
  const classic = await open({ name: "mail", timeoutMs: undefined }, [1]);
  expect(classic.fake.consumers[0]?.options).not.toHaveProperty("arguments");
});

test("a fetch that is not answered in time costs the channel: what it may bring later is nobody's, and must not be acknowledged with others", async () => {
  const { fake, channel, ends } = await open({ name: "mail", timeoutMs: undefined }, [2]);
  await expect(channel.get("mail.suspects")).rejects.toThrow("no answer");
  expect([ends.length, fake.closings, channel.hasEnded]).toEqual([1, 1, true]);
});

test("an acknowledgement on a connection that is closing does not end the process: the channel has ended", async () => {
  const { fake, channel, arrivals, ends } = await open({ name: "mail", timeoutMs: undefined }, [2]);
  fake.deliver(0, 1);
  fake.isClosing = true;
  await expect(channel.ack(arrivals[0]!)).rejects.toMatchObject({ code: "AMQP_FAILED" });
  expect([ends.length, channel.hasEnded]).toEqual([1, true]);
});

test.each([
  ["waits in its queue for the next consumer", false],
  ["goes on, where only we read the queue", true],
])("what is given back %s", async (_, isOurs) => {
  const { fake, channel, arrivals } = await open({ name: "mail", timeoutMs: undefined, isOurs }, [3]);
  for (const tag of [1, 2, 3]) fake.deliver(0, tag);
  await channel.ack(arrivals[1]!);
  channel.giveBack(arrivals[0]!);
  await channel.ack(arrivals[2]!);
  expect([fake.acked, fake.nacked]).toEqual([[2, 3], [{ tag: 1, upTo: false, requeues: !isOurs }]]);
  expect(channel.held).toBe(0);
  await channel.close();
  channel.giveBack(arrivals[0]!);
  expect(fake.nacked).toHaveLength(1);
});
