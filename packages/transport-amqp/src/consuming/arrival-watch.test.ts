import { AmqpError, type CallChannel, type Channel } from "@lovage/client-amqp";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { ArrivalWatch, type WatchedChannel } from "./arrival-watch.ts";

/** No look is later after the one before. */
const lookMs = 40_000;
/** Nor after one at which messages waited. */
const doubtMs = 10_000;

/** A watched channel whose broker the test is. */
class PlayedChannel implements WatchedChannel {
  arrived = 0;
  held = 0;
  hasRoom = true;
  /** Its consumer was ended. */
  endings = 0;
  hasGivenWay = false;

  setCap(cap: number): void {
    this.hasRoom = cap > 0;
    if (cap === 0) this.endings += 1;
  }

  giveWay(): void {
    this.hasGivenWay = true;
  }
}

class Scene {
  readonly clock: VirtualClock = virtualClock();
  readonly channel = new PlayedChannel();
  readonly watch: ArrivalWatch;
  ready = 0;
  questions = 0;
  kept = 0;
  /** Why the queue cannot be looked at. */
  failure: AmqpError | undefined;

  constructor() {
    const channel = { checkQueue: async () => await this.#answer() } as unknown as Channel;
    const calls: Pick<CallChannel, "call"> = { call: async (_what, work) => await work(channel) };
    const onKept = (): void => {
      this.kept += 1;
      this.channel.hasRoom = true;
    };
    this.watch = new ArrivalWatch({ queue: "mail", clock: this.clock, log: silentLog, calls, onKept });
    this.watch.over(this.channel);
  }

  /** Lets so many pauses pass that are as long as can be. */
  async pass(pauses: number): Promise<void> {
    for (let pause = 0; pause < pauses; pause += 1) await this.clock.advance(lookMs);
  }

  /** Lets its consumer be ended once more. */
  async untilEnding(withinMs: number): Promise<void> {
    const { endings } = this.channel;
    const startMs = this.clock.monotonic();
    while (this.channel.endings === endings) {
      await this.clock.advance(1_000);
      expect(this.clock.monotonic() - startMs).toBeLessThanOrEqual(withinMs);
    }
  }

  async #answer(): Promise<{ readonly messageCount: number }> {
    this.questions += 1;
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    return { messageCount: this.ready };
  }
}

test("a channel that gets nothing while messages wait makes way for another, once its consumer has ended", async () => {
  const scene = new Scene();
  scene.ready = 3;
  await scene.clock.advance(lookMs / 2 - 1);
  expect(scene.questions).toBe(0);
  await scene.untilEnding(lookMs + doubtMs);
  expect(scene.channel.hasGivenWay).toBe(false);
  scene.watch.onQuiet();
  expect(scene.channel.hasGivenWay).toBe(true);
  expect([scene.watch.end(), scene.clock.pending]).toEqual([true, 0]);
});

test("one to which something came before its consumer had ended keeps its place, and its cap", async () => {
  const scene = new Scene();
  scene.ready = 3;
  await scene.untilEnding(lookMs + doubtMs);
  scene.channel.arrived += 1;
  scene.watch.onQuiet();
  expect([scene.channel.hasGivenWay, scene.kept]).toEqual([false, 1]);
  expect(scene.watch.end()).toBe(false);
});

test("one that was given room again before its consumer had ended is watched again", async () => {
  const scene = new Scene();
  scene.ready = 3;
  await scene.untilEnding(lookMs + doubtMs);
  scene.channel.hasRoom = true;
  await scene.pass(1);
  expect([scene.channel.endings, scene.kept]).toEqual([1, 1]);
  await scene.untilEnding(lookMs + doubtMs);
  scene.watch.end();
});

test.each<[what: string, change: (scene: Scene) => void]>([
  ["holds something", ({ channel }) => (channel.held = 1)],
  ["has no room, since it is paused or a suspect runs alone", ({ channel }) => (channel.hasRoom = false)],
  ["gets something between two looks", ({ channel }) => (channel.arrived += 1)],
])("one that %s is left alone, and its queue is not asked for", async (_what, change) => {
  const scene = new Scene();
  scene.ready = 3;
  for (let pause = 0; pause < 50; pause += 1) {
    change(scene);
    await scene.clock.advance(lookMs / 2);
  }
  expect([scene.channel.endings, scene.questions]).toEqual([0, 0]);
  scene.watch.end();
  expect(scene.clock.pending).toBe(0);
});

test("messages that wait at one look alone are on their way", async () => {
  const scene = new Scene();
  for (let pause = 0; pause < 8; pause += 1) {
    scene.ready = pause % 2;
    const { questions } = scene;
    while (scene.questions === questions) await scene.clock.advance(1_000);
  }
  expect(scene.channel.endings).toBe(0);
  scene.watch.end();
});

test("a queue that is gone is found by one look; one that cannot be looked at is not taken for gone", async () => {
  const scene = new Scene();
  scene.failure = new AmqpError("down", { kind: "down" });
  await scene.pass(5);
  expect(scene.channel.endings).toBe(0);
  scene.failure = new AmqpError("missing", { kind: "missing" });
  await scene.untilEnding(lookMs);
  scene.watch.end();
});

test("one that gets nothing while nothing waits is left alone", async () => {
  const scene = new Scene();
  await scene.pass(100);
  expect(scene.questions).toBeGreaterThanOrEqual(100);
  expect(scene.channel.endings).toBe(0);
  scene.watch.end();
});
