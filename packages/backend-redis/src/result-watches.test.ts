import type { ResultRecord } from "@lovage/backend";
import { RedisError, type ChannelListener, type ChannelSubscription, type RedisConnection } from "@lovage/client-redis";
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
  /** Keys on a node of its own that is away. */
  readonly away = new Set<string>();
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
    if (this.isAway) throw new RedisError("away", { kind: "unavailable" });
    if (keys.some((key) => this.away.has(key))) throw new RedisError("away", { kind: "away" });
    const found = keys.map((key) => this.documents[key]).map((text) => (text === undefined ? null : Buffer.from(text)));
    await Promise.all(keys.map(async (key) => await this.slow[key]));
    return found;
  }

  get channels(): readonly string[] {
    return this.subscriptions.flatMap((heard) => [...heard]);
  }
}

function linkTo(connection: FakeConnection, clock: Clock = systemClock, log: Log = silentLog): Link {
  const link = {
    clock,
    log,
    isClosed: false,
    use: async <T>(work: (open: RedisConnection) => Promise<T>): Promise<T> =>
      await work(connection as unknown as RedisConnection),
  };
  return link as unknown as Link;
}

function watchesOver(...link: Parameters<typeof linkTo>): ResultWatches {
  return new ResultWatches(linkTo(...link), new Keys("lovage", { isCluster: false }));
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
  connection.slow["celery-task-meta-a"] = answered.promise;
  connection.documents["celery-task-meta-a"] = '{"status": "STARTED"}';
  const told: string[] = [];
  const watching = watchesOver(connection).add(["a", "b"], ({ state }) => told.push(state));
  await vi.waitUntil(() => connection.reads === 2, { timeout: 20_000 });
  delete connection.slow["celery-task-meta-a"];
  connection.documents["celery-task-meta-a"] = '{"status": "SUCCESS"}';
  connection.announce("celery-task-meta-a");
  await vi.waitUntil(() => told.length === 1, { timeout: 20_000 });
  answered.resolve();
  await watching;
  expect(told).toEqual(["SUCCESS"]);
});

test("in a cluster a node that is away keeps what the others hold from nobody, and is read again until it is back", async () => {
  const [connection, clock] = [new FakeConnection(), virtualClock()];
  connection.isCluster = true;
  const told: string[] = [];
  const listener = ({ taskId, state }: ResultRecord): void => void told.push(`${taskId} ${state}`);
  const watch = await watchesOver(connection, clock).add(["a", "b"], listener);
  connection.away.add("celery-task-meta-b");
  for (const taskId of ["a", "b"]) {
    connection.documents[`celery-task-meta-${taskId}`] = '{"status": "STARTED"}';
    connection.announce(`celery-task-meta-${taskId}`);
  }
  await clock.advance(10);
  connection.documents["celery-task-meta-a"] = '{"status": "SUCCESS"}';
  connection.announce("celery-task-meta-a");
  await clock.advance(10);
  expect(told).toEqual(["a STARTED", "a SUCCESS"]);
  connection.away.clear();
  await clock.advance(500);
  expect(told).toEqual(["a STARTED", "a SUCCESS", "b STARTED"]);
  watch.close();
  expect(clock.pending).toBe(0);
});

test("in a cluster a new connection is used although a node of it is away, or says nothing, and tells what the others hold", async () => {
  const [connection, clock] = [new FakeConnection(), virtualClock()];
  connection.isCluster = true;
  const link = linkTo(connection, clock);
  const watches = new ResultWatches(link, new Keys("lovage", { isCluster: true }));
  const told: string[] = [];
  const watch = await watches.add(["a", "b", "c"], ({ taskId }) => void told.push(taskId));
  for (const taskId of ["a", "b", "c"]) connection.documents[`celery-task-meta-${taskId}`] = '{"status": "SUCCESS"}';
  connection.away.add("celery-task-meta-b");
  const answered = Promise.withResolvers<void>();
  connection.slow["celery-task-meta-c"] = answered.promise;
  await link.onConnected(connection as unknown as RedisConnection);
  await clock.advance(10);
  expect(told).toEqual(["a"]);
  answered.resolve();
  connection.away.clear();
  await clock.advance(500);
  expect(told).toEqual(["a", "c", "b"]);
  watch.close();
  expect(clock.pending).toBe(0);
});

test("in a cluster a watch begins although a node is away, and tells what that one holds once it is back; where all are away it does not begin", async () => {
  const [connection, clock] = [new FakeConnection(), virtualClock()];
  connection.isCluster = true;
  for (const taskId of ["a", "b"]) connection.documents[`celery-task-meta-${taskId}`] = '{"status": "SUCCESS"}';
  const told: string[] = [];
  const watches = watchesOver(connection, clock);
  connection.away.add("celery-task-meta-b");
  const watch = await watches.add(["a", "b"], ({ taskId }) => void told.push(taskId));
  expect(told).toEqual(["a"]);
  connection.away.clear();
  await clock.advance(500);
  expect(told).toEqual(["a", "b"]);
  watch.close();
  connection.isAway = true;
  await expect(watches.add(["a"], () => {})).rejects.toThrow("away");
  await clock.advance(500);
  expect(clock.pending).toBe(0);
});
