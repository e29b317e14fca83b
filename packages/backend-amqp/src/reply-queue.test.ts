import { EventEmitter } from "node:events";
import type { AmqpSession } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { ReplyQueue } from "./reply-queue.ts";

const unanswered = new Error("no answer within 10000 ms");

/** A channel of the client; the test says what is answered. */
class FakeChannel extends EventEmitter {
  readonly isAnswered: boolean;
  consumers = 0;

  constructor(isAnswered: boolean) {
    super();
    this.isAnswered = isAnswered;
  }

  async assertQueue(): Promise<void> {
    await (this.isAnswered ? Promise.resolve() : Promise.reject(unanswered));
  }

  async prefetch(): Promise<void> {
    await Promise.resolve();
  }

  async consume(): Promise<void> {
    this.consumers += 1;
    await Promise.resolve();
  }
}

class Scene {
  readonly clock = virtualClock();
  readonly channels: FakeChannel[] = [];
  /** What becomes of the channels that are asked for, in order; all later ones work. */
  readonly fates: ("refused" | "unanswered" | "works")[] = [];
  readonly queue = new ReplyQueue({
    name: "replies",
    expiresMs: 60_000,
    clock: this.clock,
    log: silentLog,
    onReply: () => {},
  });

  restart(): void {
    this.queue.restart({
      ended: new AbortController().signal,
      channel: async () => {
        const fate = this.fates.shift();
        if (fate === "refused") throw unanswered;
        const channel = new FakeChannel(fate !== "unanswered");
        this.channels.push(channel);
        return await Promise.resolve(channel);
      },
      answer: async (promise: Promise<unknown>) => await promise,
      // The server answers this no more than anything else.
      closeChannel: async () => await Promise.resolve(),
    } as unknown as AmqpSession);
  }

  get consumers(): readonly number[] {
    return this.channels.map(({ consumers }) => consumers);
  }
}

test("a channel that cannot be opened is tried for again while the session lives", async () => {
  const scene = new Scene();
  scene.fates.push("refused", "refused");
  scene.restart();
  await scene.clock.advance(10_000);
  expect(scene.consumers).toEqual([1]);
});

test("a channel on which nothing is answered is replaced, and its late end costs nothing", async () => {
  const scene = new Scene();
  scene.fates.push("unanswered");
  scene.restart();
  await scene.clock.advance(10_000);
  expect(scene.consumers).toEqual([0, 1]);
  scene.channels[0]?.emit("close");
  await scene.clock.advance(10_000);
  expect(scene.consumers).toEqual([0, 1]);
  scene.channels[1]?.emit("close");
  await scene.clock.advance(10_000);
  expect(scene.consumers).toEqual([0, 1, 1]);
});

test("closed while a channel is to come, it leaves no timer and opens none", async () => {
  const scene = new Scene();
  scene.fates.push("refused");
  scene.restart();
  await scene.clock.advance(0);
  await scene.queue.close();
  expect(scene.clock.pending).toBe(0);
  await scene.clock.advance(10_000);
  expect(scene.channels).toEqual([]);
});
