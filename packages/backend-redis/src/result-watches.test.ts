import type { ChannelListener, ChannelSubscription, RedisConnection } from "@lovage/client-redis";
import { silentLog, systemClock, virtualClock, type Clock, type Log } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { ResultWatches } from "./result-watches.ts";

/** A connection without results, whose subscriptions take a while. */
class FakeConnection {
  isCluster = false;
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

  /** What is stored. */
  readonly documents: Record<string, string> = {};
  /** Answers to what is asked for these come once they are resolved. */
  readonly slow: Record<string, Promise<void>> = {};

  async call(_command: string, keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
    this.reads += 1;
    if (this.isAway) throw new Error("away");
    const found = keys.map((key) => this.documents[key]).map((text) => (text === undefined ? null : Buffer.from(text)));
    await Promise.all(keys.map(async (key) => await this.slow[key]));
    return found;
  }

  get channels(): readonly string[] {
    return this.subscriptions.flatMap((heard) => [...heard]);
  }
}

function watchesOver(connection: FakeConnection, clock: Clock = systemClock, log: Log = silentLog): ResultWatches {
  const link = {
    clock,
    log,
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
  await vi.waitUntil(() => connection.channels.length === 0, { timeout: 20_000 });
});

test("what nobody watches any more is not read for ever while the server is away", async () => {
  const [connection, clock] = [new FakeConnection(), virtualClock()];
  const watch = await watchesOver(connection, clock).add(["a"], () => {});
  connection.isAway = true;
  connection.announce("celery-task-meta-a");
  await vi.waitUntil(() => connection.reads === 2, { timeout: 20_000 });
  watch.close();
  await clock.advance(60_000);
  expect(connection.reads).toBeLessThan(5);
  expect(clock.pending).toBe(0);
});

test("an outage is warned of once, however often is read in it", async () => {
  const [connection, clock, warn] = [new FakeConnection(), virtualClock(), vi.fn<Log["warn"]>()];
  const watch = await watchesOver(connection, clock, { ...silentLog, warn }).add(["a"], () => {});
  for (const outages of [1, 2]) {
    connection.isAway = true;
    connection.announce("celery-task-meta-a");
    await clock.advance(60_000);
    connection.isAway = false;
    await clock.advance(1_000);
    expect(warn).toHaveBeenCalledTimes(outages);
  }
  expect(connection.reads).toBeGreaterThan(200);
  watch.close();
});

test("in a cluster a node that is slow to answer does not make an older record the last one that is told", async () => {
  const connection = new FakeConnection();
  connection.isCluster = true;
  const answered = Promise.withResolvers<void>();
  connection.slow["celery-task-meta-slow"] = answered.promise;
  connection.documents["celery-task-meta-a"] = '{"status": "STARTED"}';
  const told: string[] = [];
  const watching = watchesOver(connection).add(["a", "slow"], ({ state }) => told.push(state));
  await vi.waitUntil(() => connection.reads === 2, { timeout: 20_000 });
  connection.documents["celery-task-meta-a"] = '{"status": "SUCCESS"}';
  connection.announce("celery-task-meta-a");
  await vi.waitUntil(() => told.length === 1, { timeout: 20_000 });
  answered.resolve();
  await watching;
  expect(told).toEqual(["SUCCESS"]);
});
