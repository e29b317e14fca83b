import { AmqpError, type AmqpErrorKind, type Channel } from "@lovage/client-amqp";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { ReplyAddresses, type ReplyAddressesParts } from "./reply-addresses.ts";

const queue = "lovage.reply.x";

/** Asks a server that takes its time, and of which the test says what it answers. */
class Scene {
  readonly clock: VirtualClock = virtualClock();
  /** What is said of any queue. */
  found: AmqpErrorKind | "there" = "missing";
  questions = 0;
  answerMs = 0;
  readonly addresses: ReplyAddresses;

  constructor(lanes = 1) {
    const calls = Array.from({ length: lanes }, () => this.#lane());
    this.addresses = new ReplyAddresses({ calls, clock: this.clock, log: silentLog });
  }

  /** How a result for the queue fares after a while. */
  async judge(afterMs: number, found: AmqpErrorKind | "there"): Promise<"again" | "dropped"> {
    await this.clock.advance(afterMs);
    this.found = found;
    return (await this.addresses.judge(queue)) === null ? "dropped" : "again";
  }

  /** One call after the other, as over a channel. */
  #lane(): ReplyAddressesParts["calls"][number] {
    let last: Promise<unknown> = Promise.resolve();
    const channel = { checkQueue: async () => await this.#answer() } as unknown as Channel;
    return {
      call: <T>(_what: string, work: (channel: Channel) => Promise<T>): Promise<T> => {
        const mine = last.then(
          () => work(channel),
          () => work(channel),
        );
        last = mine;
        return mine;
      },
    };
  }

  async #answer(): Promise<void> {
    this.questions += 1;
    if (this.answerMs > 0) await this.clock.sleep(this.answerMs);
    if (this.found !== "there") throw new AmqpError("why", { kind: this.found });
  }
}

test("queues are asked for over several channels at once", async () => {
  const scene = new Scene(16);
  scene.answerMs = 40;
  const judged = Promise.all(Array.from({ length: 500 }, async (_, index) => await scene.addresses.judge(`q${index}`)));
  await scene.clock.advance(Math.ceil(500 / 16) * 40);
  expect(await judged).toEqual(Array.from({ length: 500 }, () => null));
});

test("one that is gone is not asked for again for half a minute: results that were not all judged in time come to an end with the next attempts", async () => {
  const scene = new Scene();
  for (const ms of [0, 10_000, 10_000]) await scene.judge(ms, "missing");
  expect(scene.questions).toBe(1);
  await scene.judge(10_001, "missing");
  expect(scene.questions).toBe(2);
  await scene.judge(0, "missing");
  expect(scene.questions).toBe(2);
});

test("of those that are gone the newest are remembered", async () => {
  const scene = new Scene();
  for (let index = 0; index <= 10_000; index += 1) await scene.addresses.judge(`q${index}`);
  await scene.addresses.judge("q10000");
  expect(scene.questions).toBe(10_001);
  await scene.addresses.judge("q0");
  expect(scene.questions).toBe(10_002);
});

test("a queue that is away for more than a minute holds up nobody else's results any longer", async () => {
  const scene = new Scene();
  const fates: string[] = [];
  for (const ms of [0, 15_000, 15_000, 15_000, 15_000, 1, 30_000, 60_001]) fates.push(await scene.judge(ms, "down"));
  expect(fates).toEqual(["again", "again", "again", "again", "again", "dropped", "dropped", "again"]);
});

test("the minute begins anew when the queue was back: it answers, takes a result, or is gone", async () => {
  for (const isBack of [
    async (scene: Scene) => await scene.judge(1_000, "there"),
    async (scene: Scene) => await scene.judge(1_000, "missing"),
    async (scene: Scene) => await Promise.resolve(scene.addresses.noteAccepted(queue)),
  ]) {
    const scene = new Scene();
    for (const ms of [0, 15_000, 15_000, 15_000]) await scene.judge(ms, "down");
    await isBack(scene);
    // One that is gone is not asked for meanwhile.
    await scene.clock.advance(31_000);
    expect(await scene.judge(0, "down")).toBe("again");
  }
});

test("the minute begins anew when nobody has asked for a while: an absence that nobody met is none", async () => {
  const scene = new Scene();
  await scene.judge(0, "down");
  await scene.judge(10_000, "down");
  expect(await scene.judge(55_000, "down")).toBe("again");
});
