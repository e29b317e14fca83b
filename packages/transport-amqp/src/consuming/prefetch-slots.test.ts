import * as fc from "fast-check";
import { expect, it } from "vitest";
import { PrefetchSlots, type PrefetchSlot } from "./prefetch-slots.ts";

/** A channel of a broker with endless messages, which answers when it is told to. */
class FakeChannel {
  readonly begun: PrefetchSlot[] = [];
  readonly #active = new Set<PrefetchSlot>();
  readonly #answers: (() => void)[] = [];
  quiet = 0;
  readonly slots: PrefetchSlots = new PrefetchSlots({
    begin: async (slot) => {
      this.begun.push(slot);
      this.#active.add(slot);
      await this.#answer();
    },
    end: async (slot) => {
      await this.#answer();
      this.#active.delete(slot);
    },
    onQuiet: () => (this.quiet += 1),
    onError: (error) => {
      throw error;
    },
  });

  get held(): number {
    return this.begun.reduce((sum, { held }) => sum + held, 0);
  }

  /** Delivers as much as every consumer's prefetch allows. */
  deliver(): void {
    for (const slot of this.#active) slot.held = slot.size;
  }

  async answerAll(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      for (const answer of this.#answers.splice(0)) answer();
      await Promise.resolve();
    }
  }

  /** What came to a consumer that has ended came before what the others hold by now. */
  settle(): void {
    const holding = this.begun.filter(({ held }) => held > 0);
    const slot = holding.find(({ state }) => state === "ended") ?? holding[0];
    if (slot !== undefined) this.slots.settled(slot);
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }
}

it("makes one consumer for a first cap, and one more for a raised one", async () => {
  const channel = new FakeChannel();
  channel.slots.setCap(2);
  await channel.answerAll();
  channel.slots.setCap(10);
  await channel.answerAll();
  expect(channel.begun.map(({ size }) => size)).toEqual([2, 8]);
});

it("makes one more for a cap that was raised a little, and one in place of all when they become many", async () => {
  const channel = new FakeChannel();
  for (let cap = 8; cap <= 14; cap += 1) {
    channel.slots.setCap(cap);
    await channel.answerAll();
    channel.deliver();
    expect(channel.held).toBe(cap);
  }
  channel.slots.setCap(15);
  await channel.answerAll();
  channel.deliver();
  channel.slots.setCap(16);
  await channel.answerAll();
  expect(channel.begun.filter(({ state }) => state === "active")).toHaveLength(1);
});

it("ends consumers for a lowered cap at once, and gives their room back only as they are drained", async () => {
  const channel = new FakeChannel();
  channel.slots.setCap(4);
  await channel.answerAll();
  channel.deliver();
  channel.slots.setCap(2);
  expect(channel.begun[0]?.state).toBe("ending");
  await channel.answerAll();
  channel.settle();
  channel.settle();
  await channel.answerAll();
  expect(channel.begun).toHaveLength(1);
  channel.settle();
  await channel.answerAll();
  expect(channel.begun.map(({ size }) => size)).toEqual([4, 1]);
});

it("is quiet once a cap of 0 was answered", async () => {
  const channel = new FakeChannel();
  channel.slots.setCap(3);
  await channel.answerAll();
  channel.slots.setCap(0);
  expect(channel.slots.isQuiet).toBe(false);
  await channel.answerAll();
  expect([channel.slots.isQuiet, channel.quiet > 0]).toEqual([true, true]);
});

it("never lets more be held than the caps allow, however they move, and comes to use all of the last one", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ cap: fc.integer({ min: 0, max: 12 }) }),
      fc.constantFrom("answer" as const, "deliver" as const, "settle" as const),
    ),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 12 }), fc.boolean(), async (moves, last, isBusy) => {
      const channel = new FakeChannel();
      const caps = moves.flatMap((move) => (typeof move === "object" ? [move.cap] : []));
      for (const move of [...moves, { cap: last }]) {
        if (move === "answer") await channel.answerAll();
        else if (move === "settle") channel.settle();
        else if (move === "deliver") channel.deliver();
        else channel.slots.setCap(move.cap);
        // What was under way when the cap was lowered may still come; never more than the largest cap so far.
        expect(channel.held).toBeLessThanOrEqual(Math.max(last, ...caps));
      }
      for (let round = 0; round < 80; round += 1) {
        await channel.answerAll();
        if (isBusy) channel.deliver();
        channel.settle();
      }
      await channel.answerAll();
      channel.deliver();
      expect(channel.held).toBe(last);
    }),
  );
});
