import type { ChannelListener, ChannelSubscription, RedisConnection } from "@lovage/client-redis";
import { silentLog, systemClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { ResultWatches } from "./result-watches.ts";

/** A connection without results, whose subscriptions take a while. */
class FakeConnection {
  readonly isCluster = false;
  readonly subscriptions: Set<string>[] = [];

  async subscribe(channels: readonly string[], _listener: ChannelListener): Promise<ChannelSubscription> {
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
    return keys.map(() => null);
  }

  get channels(): readonly string[] {
    return this.subscriptions.flatMap((heard) => [...heard]);
  }
}

function watchesOver(connection: FakeConnection): ResultWatches {
  const link = {
    clock: systemClock,
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
