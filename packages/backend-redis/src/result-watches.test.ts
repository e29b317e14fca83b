import type { ChannelListener, ChannelSubscription, RedisConnection } from "@lovage/client-redis";
import { silentLog, systemClock, virtualClock, type Clock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { ResultWatches } from "./result-watches.ts";

/** A connection without results, whose subscriptions take a while. */
class FakeConnection {
  readonly isCluster = false;
  readonly subscriptions: Set<string>[] = [];
  /** Tells of news of a channel. */
  announce: (channel: string) => void = () => {};
  isAway = false;
  reads = 0;

  async subscribe(channels: readonly string[], listener: ChannelListener): Promise<ChannelSubscription> {
    this.announce = (channel) => listener(channel, Buffer.alloc(0));
    const heard = new Set<string>();
    const add = async (more: readonly string[]): Promise<void> => {
      for (const channel of more) heard.add(channel);
      await systemClock.sleep(0);
    };
    await add(channels);
    this.subscriptions.push(heard);
    const remove = (some: readonly string[]): void => some.forEach((channel) => void heard.delete(channel));
    return { add, remove, end: async () => {}, close: () => heard.clear() };
  }

  async call(_command: string, keys: readonly string[]): Promise<readonly null[]> {
    this.reads += 1;
    if (this.isAway) throw new Error("away");
    return keys.map(() => null);
  }

  get channels(): readonly string[] {
    return this.subscriptions.flatMap((heard) => [...heard]);
  }
}

function watchesOver(connection: FakeConnection, clock: Clock = systemClock): ResultWatches {
  const link = {
    clock,
    log: silentLog,
    isClosed: false,
    use: async <T>(work: (open: RedisConnection) => Promise<T>): Promise<T> =>
      await work(connection as unknown as RedisConnection),
  };
  return new ResultWatches(link as unknown as Link, new Keys("lovage", { isCluster: false }));
}

test("watches that begin at the same moment are all unsubscribed when they have ended", async () => {
  const connection = new FakeConnection();
  const watches = watchesOver(connection);
  const running = await Promise.all(["a", "b", "c"].map((taskId) => watches.add([taskId], () => {})));
  expect(connection.channels).toHaveLength(3);
  for (const watch of running) watch.close();
  await vi.waitUntil(() => connection.channels.length === 0);
});

test("what nobody watches any more is not read for ever while the server is away", async () => {
  const [connection, clock] = [new FakeConnection(), virtualClock()];
  const watch = await watchesOver(connection, clock).add(["a"], () => {});
  connection.isAway = true;
  connection.announce("celery-task-meta-a");
  await vi.waitUntil(() => connection.reads === 2);
  watch.close();
  await clock.advance(60_000);
  expect(connection.reads).toBeLessThan(5);
  expect(clock.pending).toBe(0);
});
