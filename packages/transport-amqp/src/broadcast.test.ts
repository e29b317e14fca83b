import { EventEmitter } from "node:events";
import type { AmqpLink, AmqpSession, CallChannel } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import { MessageUnroutableError } from "@lovage/transport";
import { expect, test } from "vitest";

import { AmqpBroadcast } from "./broadcast.ts";

/** A channel of the client on which everything is answered, or nothing. */
class FakeChannel extends EventEmitter {
  readonly isAnswered: boolean;
  receive: ((raw: object | null) => void) | undefined;

  constructor(isAnswered: boolean) {
    super();
    this.isAnswered = isAnswered;
  }

  async assertExchange(): Promise<void> {
    await (this.isAnswered ? Promise.resolve() : Promise.reject(new Error("no answer within 10000 ms")));
  }

  async assertQueue(): Promise<object> {
    return await Promise.resolve({ queue: "amq.gen-1" });
  }

  async bindQueue(): Promise<void> {
    await Promise.resolve();
  }

  async consume(_queue: string, receive: (raw: object | null) => void): Promise<void> {
    this.receive = receive;
    await Promise.resolve();
  }
}

class Scene {
  readonly clock = virtualClock();
  readonly channels: FakeChannel[] = [];
  readonly closed: unknown[] = [];
  readonly heard: string[] = [];
  isAnswering = true;
  /** The exchange was deleted. */
  isGone = false;
  declarations = 0;
  sent = 0;
  readonly #ended = new AbortController();
  readonly session = {
    ended: this.#ended.signal,
    channel: async () => {
      const channel = new FakeChannel(this.isAnswering);
      this.channels.push(channel);
      return await Promise.resolve(channel);
    },
    answer: async (promise: Promise<unknown>) => await promise,
    closeChannel: async (channel: FakeChannel) => {
      this.closed.push(channel);
      channel.emit("close");
      await Promise.resolve();
    },
  } as unknown as AmqpSession;
  readonly broadcast = new AmqpBroadcast({
    link: { requireSession: () => this.session } as unknown as AmqpLink,
    calls: {
      call: async () => await Promise.resolve((this.declarations += 1)),
    } as unknown as CallChannel,
    clock: this.clock,
    log: silentLog,
    isClosed: () => false,
    maxMessageBytes: 262_144,
    send: async (exchange) => {
      if (this.isGone && this.declarations < 2) throw new MessageUnroutableError(exchange, "");
      await Promise.resolve((this.sent += 1));
    },
  });

  subscribe(): ReturnType<AmqpBroadcast["subscribe"]> {
    return this.broadcast.subscribe("control", ({ properties }) => void this.heard.push(properties.messageId));
  }

  say(messageId: string): void {
    const properties = { messageId, headers: {} };
    this.channels.at(-1)?.receive?.({ fields: { deliveryTag: 1 }, properties, content: Buffer.alloc(0) });
  }

  end(): void {
    this.#ended.abort(new Error("the broker has gone"));
  }
}

test("a subscriber whose channel or queue has gone hears again while the connection lives", async () => {
  const scene = new Scene();
  const subscription = await scene.subscribe();
  scene.channels[0]?.emit("close");
  await scene.clock.advance(10_000);
  scene.say("one");
  // The server says so when the queue was deleted.
  scene.channels[1]?.receive?.(null);
  await scene.clock.advance(10_000);
  scene.say("two");
  expect([scene.heard, scene.channels.length]).toEqual([["one", "two"], 3]);
  await subscription.close();
  await scene.clock.advance(10_000);
  expect([scene.channels.length, scene.clock.pending]).toEqual([3, 0]);
});

test("a subscriber that is not answered on a new session tries again, and leaves no channel behind", async () => {
  const scene = new Scene();
  await scene.subscribe();
  scene.isAnswering = false;
  scene.broadcast.use(scene.session);
  await scene.clock.advance(0);
  scene.isAnswering = true;
  await scene.clock.advance(10_000);
  scene.say("one");
  expect(scene.heard).toEqual(["one"]);
  expect(scene.closed).toContain(scene.channels[1]);
});

test("a connection that ends while a subscriber waits to try again leaves no timer", async () => {
  const scene = new Scene();
  await scene.subscribe();
  scene.channels[0]?.emit("close");
  await scene.clock.advance(0);
  expect(scene.clock.pending).toBe(1);
  scene.end();
  await scene.clock.advance(10_000);
  expect([scene.channels.length, scene.clock.pending]).toEqual([1, 0]);
});

test("a channel whose exchange was deleted is made again by who publishes, and heard again by who subscribed here", async () => {
  const scene = new Scene();
  await scene.subscribe();
  scene.isGone = true;
  const properties = { messageId: "one", contentType: "", contentEncoding: "" };
  await scene.broadcast.publish("control", { properties, headers: {}, body: Buffer.alloc(0) });
  await scene.clock.advance(10_000);
  expect([scene.declarations, scene.sent, scene.channels.length]).toEqual([2, 1, 2]);
});
