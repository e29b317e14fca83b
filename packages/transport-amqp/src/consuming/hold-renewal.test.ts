import { AmqpError } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import { afterEach, describe, expect, it } from "vitest";

import type { Arrival } from "./consumer-channel.ts";
import type { AmqpDelivery } from "./delivery.ts";
import { HoldRenewal } from "./hold-renewal.ts";

const timeoutMs = 1_800_000;

/** A consumer whose deliveries are renewed in a queue that can be told to fail. */
class Scene {
  readonly clock = virtualClock();
  readonly held: AmqpDelivery[] = [];
  /** When which delivery was renewed. */
  readonly renewed: (readonly [id: string, atMs: number])[] = [];
  opened = 0;
  closed = 0;
  failure: Error | undefined;
  hasEnded = false;
  readonly renewal: HoldRenewal = new HoldRenewal({
    queue: "mail",
    clock: this.clock,
    log: silentLog,
    timeoutMs,
    held: () => this.held,
    own: { watch: () => {} },
    open: () => {
      this.opened += 1;
      this.hasEnded = false;
      const isEnded = (): boolean => this.hasEnded;
      return Promise.resolve({
        get hasEnded() {
          return isEnded();
        },
        renew: (delivery) => this.#renew(delivery),
        close: () => Promise.resolve(void (this.closed += 1)),
      });
    },
  });

  hold(id: string): AmqpDelivery {
    const delivery = {
      arrival: { slot: {} },
      state: "held",
      message: { properties: { messageId: id } },
    } as AmqpDelivery;
    this.held.push(delivery);
    return delivery;
  }

  #renew(delivery: AmqpDelivery): Promise<void> {
    this.renewed.push([delivery.message.properties.messageId, this.clock.monotonic()]);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    delivery.arrival = { slot: {} } as Arrival;
    return Promise.resolve();
  }
}

function told(ms: number): AmqpError {
  const text = `delivery acknowledgement on channel 1 timed out. Timeout value used: ${ms} ms. This can be configured.`;
  return new AmqpError(text, { kind: "ack-timeout" });
}

let scene: Scene;
afterEach(async () => {
  await scene.renewal.close();
  expect(scene.clock.pending).toBe(0);
});

function start(): Scene {
  scene = new Scene();
  scene.renewal.start();
  return scene;
}

describe("a renewal of what is held", () => {
  it("comes in time, again and again, with time left for another two attempts", async () => {
    const { clock, renewed } = start();
    await clock.advance(timeoutMs / 3);
    const startedAtMs = clock.monotonic();
    scene.hold("long");
    await clock.advance(4 * timeoutMs);
    const times = [startedAtMs, ...renewed.map(([, atMs]) => atMs)];
    const gaps = times.slice(1).map((atMs, index) => (atMs - (times[index] ?? 0)) / timeoutMs);
    expect(gaps.length).toBeGreaterThanOrEqual(5);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5 / 8);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6 / 8);
  });

  it("comes soon for what was fetched, which no consumer has asked the broker to wait for; later as for anything", async () => {
    const { clock, renewed } = start();
    scene.hold("fetched").arrival = {} as Arrival;
    await clock.advance(timeoutMs / 8);
    expect([renewed.length, scene.opened]).toEqual([0, 1]);
    await clock.advance(timeoutMs / 8);
    expect(renewed).toHaveLength(1);
    await clock.advance((5 / 8) * timeoutMs);
    expect(renewed).toHaveLength(1);
    await clock.advance(timeoutMs / 8);
    expect(renewed).toHaveLength(2);
  });

  it("is not made for what is settled before, and needs no queue then", async () => {
    const { clock, held } = start();
    for (let task = 0; task < 100; task += 1) {
      scene.hold(`short-${task}`);
      await clock.advance(timeoutMs / 50);
      held.pop();
    }
    expect([scene.renewed, scene.opened]).toEqual([[], 0]);
  });

  it("finds its queue made long before", async () => {
    const { clock } = start();
    scene.hold("long");
    await clock.advance(timeoutMs / 4);
    expect([scene.opened, scene.renewed]).toEqual([1, []]);
  });

  it("is tried again when it failed, in a new queue where the old one is gone", async () => {
    const { clock, renewed } = start();
    scene.hold("long");
    scene.failure = new Error("the broker takes no messages");
    await clock.advance((6 / 8) * timeoutMs);
    expect(renewed).toHaveLength(1);
    scene.failure = undefined;
    scene.hasEnded = true;
    await clock.advance(timeoutMs / 8);
    expect([renewed.length, scene.opened]).toEqual([2, 2]);
    await clock.advance(timeoutMs / 2);
    expect(renewed).toHaveLength(2);
  });

  it("is left out while it is being settled", async () => {
    const { clock } = start();
    scene.hold("settling").state = "settling";
    await clock.advance(timeoutMs);
    expect(scene.renewed).toEqual([]);
  });

  it("goes by the timeout that the broker tells when it takes something back, if that is shorter", async () => {
    const { clock, renewal, renewed } = start();
    renewal.learn(told(timeoutMs * 2));
    renewal.learn(new Error("The channel was closed"));
    renewal.learn(told(timeoutMs / 60));
    scene.hold("long");
    await clock.advance(timeoutMs / 60);
    expect(renewed).toHaveLength(1);
  });

  it("is not made any more after the stop, and the queue is let go of", async () => {
    const { clock, renewal } = start();
    scene.hold("long");
    await clock.advance(timeoutMs / 2);
    renewal.stop();
    await clock.advance(timeoutMs);
    await renewal.close();
    expect([scene.renewed, scene.closed]).toEqual([[], 1]);
  });
});
