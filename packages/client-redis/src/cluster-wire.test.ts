import { silentLog, virtualClock, type Clock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, test } from "vitest";

import { ClusterWire } from "./cluster-wire.ts";
import { redisTarget } from "./redis-options.ts";
import { openFake, type FakeServer } from "./test-support/fake-server.ts";

/** Asks for a key; gives the refusal where it is refused. */
function gets(wire: ClusterWire): (key: string) => Promise<unknown> {
  return (key) => wire.send({ command: "GET", args: [key], key }).catch((error: unknown) => error);
}

/** A wire to the cluster of a node, and why it ended. */
async function openedTo({ url }: FakeServer, clock: Clock) {
  const ends: string[] = [];
  const onEnd = ({ message }: Error): void => void ends.push(message);
  const target = redisTarget(url, { cluster: true });
  const wire = await ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd });
  onTestFinished(() => wire.close());
  return { wire, ends, get: gets(wire) };
}

test("a slot that moves is waited for, though each call is sent on by the node that it leaves", async () => {
  const [from, to, clock] = [await openFake(), await openFake(), virtualClock()];
  from.nodes = [from, to];
  // The key is there already, the guard nowhere.
  from.answers["GET"] = `-ASK 5061 127.0.0.1:${to.port}\r\n`;
  to.answers["GET"] = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
  const target = redisTarget(from.url, { cluster: true });
  const wire = await ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd: () => {} });
  onTestFinished(() => wire.close());
  const get = async (): Promise<[reply: unknown, afterMs: number]> => {
    const sinceMs = clock.monotonic();
    let isOver = false;
    const sent = wire.send({ command: "GET", args: ["bar"], key: "bar" }).catch((error: unknown) => error);
    void sent.then(() => (isOver = true));
    for (;;) {
      await expect.poll(() => isOver || clock.pending > 0).toBe(true);
      if (isOver) return [await sent, clock.monotonic() - sinceMs];
      if (clock.monotonic() - sinceMs >= wholeAfterMs) to.answers["GET"] = ":1\r\n";
      await clock.advance(50);
    }
  };
  let wholeAfterMs = Infinity;
  const [refusal, refusedAfterMs] = await get();
  expect(refusal).toMatchObject({ code: "REDIS_FAILED", kind: "moving", retryable: true });
  expect(refusedAfterMs).toBe(2_000);
  wholeAfterMs = 1_500;
  expect(await get()).toEqual([1, 1_550]);
});

/** A cluster of one node that answers and one that does not, opened under a virtual clock. The key `bar` is the first one's, `foo` the other's. */
async function besideSilence() {
  const [alive, silent, clock, closing] = [await openFake(), await openFake(), virtualClock(), new AbortController()];
  alive.nodes = [alive, silent];
  silent.isSilent = true;
  const target = redisTarget(alive.url, { cluster: true });
  const ends: string[] = [];
  const onEnd = ({ message }: Error): void => void ends.push(message);
  const { signal } = closing;
  // In small steps: those that answer do so over a socket, in real time.
  const inTime = async <T>(work: Promise<T>): Promise<[outcome: T, afterMs: number]> => {
    const sinceMs = clock.monotonic();
    let isOver = false;
    void work.then(() => (isOver = true));
    const step = async (): Promise<boolean> => {
      await clock.advance(50);
      return isOver;
    };
    await expect.poll(step, { interval: 5 }).toBe(true);
    return [await work, clock.monotonic() - sinceMs];
  };
  const opening = ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd, signal });
  await expect.poll(() => silent.heard.length).toBeGreaterThan(0);
  const [wire, openAfterMs] = await inTime(opening);
  const close = (): void => {
    closing.abort();
    wire.close();
  };
  onTestFinished(close);
  return { alive, silent, clock, wire, ends, get: gets(wire), inTime, openAfterMs, close };
}

describe("a node that does not answer", () => {
  const isAway = expect.objectContaining({ code: "REDIS_FAILED", kind: "away", retryable: true }) as unknown;

  it("keeps nobody from the others, and ends the wire once it does, though nothing is sent to it", async () => {
    const { alive, silent, clock, wire, ends, get, inTime, openAfterMs } = await besideSilence();
    expect(openAfterMs).toBeLessThan(2_000);
    await wire.ping();
    expect(alive.countOf("PING")).toBe(1);
    expect(await wire.sendToAll("INFO", [])).toHaveLength(1);
    expect(String(await get("bar"))).toBe("OK");
    expect((await inTime(get("foo")))[0]).toEqual(isAway);
    // Until the attempt to connect to it is given up.
    await clock.advance(10_000);
    await wire.ping();
    await expect.poll(() => silent.connections).toBe(1);
    expect(ends).toEqual([]);
    await clock.advance(10_000);
    silent.isSilent = false;
    await wire.ping();
    await expect.poll(() => ends).toEqual([expect.stringContaining("is served again")]);
    expect([silent.countOf("EXISTS"), silent.countOf("GET")]).toEqual([1, 0]);
  });

  it("joins the others when it does at last, and ends nothing if nobody was refused because of it", async () => {
    const { silent, wire, ends, get } = await besideSilence();
    const call = get("foo");
    silent.answerNow();
    expect(String(await call)).toBe("OK");
    await wire.ping();
    await wire.ping();
    expect([ends, silent.countOf("PING"), silent.countOf("EXISTS")]).toEqual([[], 2, 0]);
  });

  it("ends the wire once another one has its slots: what was refused is asked for again", async () => {
    const { alive, wire, ends, get, inTime } = await besideSilence();
    expect((await inTime(get("foo")))[0]).toEqual(isAway);
    const heir = await openFake();
    alive.nodes = [alive, heir];
    const beat = async (): Promise<number> => {
      await inTime(wire.ping());
      return ends.length;
    };
    await expect.poll(beat).toBeGreaterThan(0);
    expect(ends[0]).toContain("is served again");
    expect(heir.heard).toEqual([]);
  });

  it("is waited for by each call for a second, and together they ask once who has its slots now", async () => {
    const { alive, silent, get, inTime } = await besideSilence();
    const [before, greetings] = [alive.countOf("CLUSTER"), silent.heard.length];
    const calls = Array.from({ length: 100 }, () => get("foo"));
    const [outcomes, afterMs] = await inTime(Promise.all(calls));
    expect(outcomes).toEqual(calls.map(() => isAway));
    expect(afterMs).toBeGreaterThanOrEqual(1_000);
    expect(afterMs).toBeLessThan(2_000);
    expect(alive.countOf("CLUSTER") - before).toBe(1);
    // The attempt that was under way is the one they waited for, and the next one waits for.
    expect((await inTime(get("foo")))[0]).toEqual(isAway);
    expect(silent.heard.length).toBe(greetings);
  });

  it("is not waited for any longer when another one has its slots", async () => {
    const { alive, get, inTime } = await besideSilence();
    const heir = await openFake();
    alive.nodes = [alive, heir];
    const [reply, afterMs] = await inTime(get("foo"));
    expect(String(reply)).toBe("OK");
    expect(afterMs).toBeLessThan(2_000);
    expect(heir.countOf("GET")).toBe(1);
  });

  it("leaves no attempt behind when the wire is closed", async () => {
    const { silent, get, inTime, close } = await besideSilence();
    await inTime(get("foo"));
    expect(silent.connections).toBe(1);
    close();
    await expect.poll(() => silent.connections).toBe(0);
  });
});

describe.each([
  "LOADING Redis is loading the dataset in memory",
  "CLUSTERDOWN The cluster is down",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
])("a node that says %s", (reply) => {
  /** A cluster of one node that says so to what has to do with data, and one that serves. The key `bar` is the first one's, `foo` the other's. */
  async function besidePutOff() {
    const [putOff, serving, clock] = [await openFake(), await openFake(), virtualClock()];
    putOff.nodes = serving.nodes = [putOff, serving];
    for (const word of ["GET", "EXISTS", "WAIT"]) putOff.answers[word] = `-${reply}\r\n`;
    return { putOff, serving, clock, ...(await openedTo(putOff, clock)) };
  }

  it("is away, until it serves what was asked for", async () => {
    const { putOff, clock, wire, ends, get } = await besidePutOff();
    expect(await get("bar")).toMatchObject({ kind: "away", message: expect.stringContaining(reply) as string });
    expect(String(await get("foo"))).toBe("OK");
    expect(await wire.sendToAll("WAIT", [0, 0])).toHaveLength(1);
    for (const asked of [1, 2]) {
      await clock.advance(1_000);
      await wire.ping();
      await expect.poll(() => putOff.countOf("EXISTS")).toBe(asked);
    }
    expect(ends).toEqual([]);
    putOff.answers["EXISTS"] = ":0\r\n";
    await wire.ping();
    await expect.poll(() => ends).toEqual([expect.stringContaining("is served again")]);
  });

  it("is asked no more when another one has its slots", async () => {
    const { putOff, serving, clock, get } = await besidePutOff();
    expect(await get("bar")).toMatchObject({ kind: "away" });
    await clock.advance(1_000);
    // It may not have heard of it itself.
    serving.nodes = [serving];
    expect(String(await get("bar"))).toBe("OK");
    expect(putOff.countOf("GET")).toBe(2);
  });
});

test("a key whose slot no node has is away, until one has it", async () => {
  const [fake, clock] = [await openFake(), virtualClock()];
  // `bar` is in the first half of the slots.
  fake.answers["CLUSTER"] = `*1\r\n*3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:${fake.port}\r\n`;
  const { wire, ends, get } = await openedTo(fake, clock);
  expect(await get("bar")).toMatchObject({ kind: "away", message: expect.stringContaining("all slots") as string });
  expect(String(await get("foo"))).toBe("OK");
  await wire.ping();
  delete fake.answers["CLUSTER"];
  await clock.advance(1_000);
  expect(ends).toEqual([]);
  await wire.ping();
  await expect.poll(() => ends.length).toBe(1);
  expect(String(await get("bar"))).toBe("OK");
});

test("nodes that all are away are told as such", async () => {
  const [one, other, clock] = [await openFake(), await openFake(), virtualClock()];
  one.nodes = [other];
  other.endsAt = "CLIENT";
  const target = redisTarget(one.url, { cluster: true });
  const opening = ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd: () => {} });
  await expect(opening).rejects.toMatchObject({ kind: "unavailable" });
});
