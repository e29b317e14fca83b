import * as fc from "fast-check";
import { expect, it } from "vitest";
import { AckBatch } from "./ack-batch.ts";

class FakeChannel {
  readonly sent: [tag: number, upTo: boolean][] = [];
  barriers: PromiseWithResolvers<void>[] = [];
  readonly batch: AckBatch = new AckBatch({
    ack: (tag, upTo) => void this.sent.push([tag, upTo]),
    barrier: async () => {
      const asked = Promise.withResolvers<void>();
      this.barriers.push(asked);
      await asked.promise;
    },
  });

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The broker answers until nothing is asked any more. */
  async answer(): Promise<void> {
    for (await this.turn(); this.barriers.length > 0; await this.turn()) {
      for (const asked of this.barriers.splice(0)) asked.resolve();
    }
  }
}

const ignore = (): void => {};

it("sends the oldest of a channel as one, and others one by one", async () => {
  const channel = new FakeChannel();
  for (const tag of [1, 2, 3, 4, 5, 6]) channel.batch.add(tag);
  const acks = [3, 1, 2, 6].map((tag) => channel.batch.ack(tag, ignore));
  await channel.turn();
  expect(channel.sent).toEqual([
    [3, true],
    [6, false],
  ]);
  await channel.answer();
  await Promise.all(acks);
});

it("resolves once the broker has answered a question behind the acknowledgement, not before", async () => {
  const channel = new FakeChannel();
  channel.batch.add(1);
  let isDone = false;
  const ack = channel.batch.ack(1, ignore).then(() => (isDone = true));
  await channel.turn();
  expect([channel.sent.length, isDone]).toEqual([1, false]);
  await channel.answer();
  await ack;
});

it("sends what comes while it waits for an answer, and asks again for it", async () => {
  const channel = new FakeChannel();
  for (const tag of [1, 2]) channel.batch.add(tag);
  const first = channel.batch.ack(1, ignore);
  await channel.turn();
  let isDone = false;
  const second = channel.batch.ack(2, ignore).then(() => (isDone = true));
  await channel.turn();
  expect([channel.sent.length, channel.barriers.length]).toEqual([2, 1]);
  channel.barriers.shift()?.resolve();
  await first;
  await channel.turn();
  expect([channel.barriers.length, isDone]).toEqual([1, false]);
  await channel.answer();
  await second;
});

it("rejects all that waits when the channel ends, and what comes later", async () => {
  const channel = new FakeChannel();
  for (const tag of [1, 2]) channel.batch.add(tag);
  const open = [channel.batch.ack(1, ignore), channel.batch.alive()];
  await channel.turn();
  const due = channel.batch.ack(2, ignore);
  const cause = new Error("The channel was closed");
  channel.batch.end(cause);
  for (const each of [...open, due, channel.batch.alive()]) await expect(each).rejects.toBe(cause);
});

it("acknowledges each delivery exactly once, whatever the order", async () => {
  const orders = fc
    .integer({ min: 1, max: 30 })
    .chain((count) => fc.shuffledSubarray(Array.from({ length: count }, (_, index) => index + 1)))
    .chain((tags) => fc.tuple(fc.constant(tags), fc.array(fc.nat(6), { maxLength: 10 })));
  await fc.assert(
    fc.asyncProperty(orders, async ([tags, pauses]) => {
      const channel = new FakeChannel();
      const most = Math.max(0, ...tags);
      const unacked = new Set(Array.from({ length: most }, (_, index) => index + 1));
      for (const tag of unacked) channel.batch.add(tag);
      const acks: Promise<void>[] = [];
      for (const [index, tag] of tags.entries()) {
        acks.push(channel.batch.ack(tag, ignore));
        if (pauses.includes(index)) await channel.turn();
      }
      await channel.answer();
      await Promise.all(acks);
      for (const [tag, upTo] of channel.sent) {
        for (const each of unacked) if (upTo ? each <= tag : each === tag) unacked.delete(each);
      }
      const expected = Array.from({ length: most }, (_, index) => index + 1).filter((tag) => !tags.includes(tag));
      expect([...unacked]).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});
