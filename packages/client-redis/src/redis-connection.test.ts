import { silentLog, systemClock, virtualClock, type Clock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, test } from "vitest";

import { RedisConnection } from "./redis-connection.ts";
import { isRedisError } from "./redis-error.ts";
import { redisTarget } from "./redis-options.ts";
import { defineScript } from "./script.ts";
import { openFake } from "./test-support/fake-server.ts";

interface To {
  readonly url: string;
}

async function openTo(
  { url }: To,
  clock: Clock,
  lost: string[],
  { cluster = false, onLost = (cause: Error): void => void lost.push(cause.message) } = {},
): Promise<RedisConnection> {
  const target = redisTarget(url, { cluster });
  const connection = await RedisConnection.open({ target, clock, log: silentLog, name: "test", onLost });
  onTestFinished(() => connection.close());
  return connection;
}

test.each([
  ["-ERR DB index is out of range\r\n", { kind: "other", retryable: false }],
  ["-NOPERM User shop has no permissions to run the 'select' command\r\n", { kind: "denied", retryable: false }],
  ["-BUSY Redis is busy running a script.\r\n", { kind: "unavailable", retryable: true }],
])("a database that the server refuses is told, and not passed over for database 0: %s", async (answer, refusal) => {
  const fake = await openFake();
  fake.answers["SELECT"] = answer;
  const opened = openTo({ url: `${fake.url}/99` }, systemClock, []);
  await expect(opened).rejects.toMatchObject({ code: "REDIS_FAILED", ...refusal });
  await expect(opened).rejects.toThrow(/database 99.*(out of range|NOPERM|BUSY)/u);
  fake.answers["SELECT"] = "+OK\r\n";
  await openTo({ url: `${fake.url}/99` }, systemClock, []);
});

test.each([
  [{}, "unavailable"],
  [{ cluster: true }, "away"],
])("a server that loads its data is gone as a whole, unless it is one of several: %j", async (options, kind) => {
  const fake = await openFake();
  const connection = await openTo(fake, virtualClock(), [], options);
  fake.answers["GET"] = "-LOADING Redis is loading the dataset in memory\r\n";
  await expect(connection.call("GET", ["bar"])).rejects.toMatchObject({ kind, retryable: true });
});

test.each([{}, { cluster: true }])(
  "an attempt that is given up ends at once, and its socket with it: %j",
  async (options) => {
    const [fake, clock, closing] = [await openFake(), virtualClock(), new AbortController()];
    fake.isSilent = true;
    const { signal } = closing;
    const target = redisTarget(fake.url, options);
    const opening = { target, clock, log: silentLog, name: "test", onLost: () => {}, signal };
    const opened = RedisConnection.open(opening);
    await expect.poll(() => fake.heard.length).toBeGreaterThan(0);
    closing.abort();
    const refusal = { code: "REDIS_FAILED", kind: "unavailable" };
    await expect(opened).rejects.toMatchObject(refusal);
    await expect.poll(() => fake.connections).toBe(0);
    await expect(RedisConnection.open(opening)).rejects.toMatchObject(refusal);
  },
);

test("a node of a cluster that ends its connection while another one is still waited for is told: nothing is open with it", async () => {
  const [alive, silent, clock] = [await openFake(), await openFake(), virtualClock()];
  alive.nodes = [alive, silent];
  silent.isSilent = true;
  const lost = Promise.withResolvers<string>();
  const target = redisTarget(alive.url, { cluster: true });
  const onLost = (): void => lost.resolve("lost");
  const opened = RedisConnection.open({ target, clock, log: silentLog, name: "test", onLost });
  const outcome = opened.then(
    async (connection) => {
      onTestFinished(() => connection.close());
      return await lost.promise;
    },
    () => "refused",
  );
  await expect.poll(() => silent.heard.length).toBeGreaterThan(0);
  alive.cut();
  await clock.advance(10_000);
  // The end may be read before or after the other node is given up.
  expect(["refused", "lost"]).toContain(await outcome);
});

describe("what is to be on replicas", () => {
  const script = defineScript("script", "return 1");

  test.each([
    "-BUSY Redis is busy running a script.\r\n",
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n",
    "-NOPERM this user has no permissions to run the 'wait' command\r\n",
    "-ERR WAIT cannot be used with replica instances.\r\n",
    "",
  ])("what the server says to the wait for them is nothing against what it has written: %j", async (answer) => {
    const fake = await openFake();
    fake.answers["WAIT"] = answer;
    if (answer === "") fake.endsAt = "WAIT";
    const target = redisTarget(fake.url, { wait: 1 });
    const opening = { target, clock: systemClock, log: silentLog, name: "test", onLost: () => {} };
    const connection = await RedisConnection.open(opening);
    onTestFinished(() => connection.close());
    const refusal = { code: "REDIS_FAILED", kind: "unreplicated", retryable: true };
    await expect(connection.run(script, ["k"], [], { durably: true })).rejects.toMatchObject(refusal);
  });

  test.each([
    [":1\r\n", "done"],
    [":0\r\n", "unreplicated"],
  ])("calls at the same time share the wait for them, which is answered %j", async (answer, expected) => {
    const fake = await openFake();
    fake.answers["WAIT"] = answer;
    const target = redisTarget(fake.url, { wait: 1 });
    const opening = { target, clock: systemClock, log: silentLog, name: "test", onLost: () => {} };
    const connection = await RedisConnection.open(opening);
    onTestFinished(() => connection.close());
    const run = (): Promise<unknown> =>
      connection.run(script, ["k"], [], { durably: true }).then(
        () => "done",
        (error: unknown) => isRedisError(error) && error.kind,
      );
    expect(await Promise.all([run(), run(), run()])).toEqual([expected, expected, expected]);
    expect(fake.countOf("WAIT")).toBeLessThan(3);
    // What is written later is asked for anew.
    expect(await run()).toBe(expected);
    expect(fake.heard.slice(-2)).toEqual(["EVALSHA", "WAIT"]);
  });
});

describe("the heartbeat", () => {
  it("asks the connection for what is published as well, and goes on while both answer", async () => {
    const [fake, clock, lost] = [await openFake(), virtualClock(), [] as string[]];
    const connection = await openTo(fake, clock, lost);
    await connection.subscribe(["a"], () => {});
    for (const beats of [1, 2, 3]) {
      await clock.advance(5_000);
      await expect.poll(() => fake.countOf("PING of a subscriber")).toBe(beats);
      // Each connection answers in order: both heartbeats have been answered when these are.
      await Promise.all([connection.call("TIME", []), connection.subscribe([`b${beats}`], () => {})]);
    }
    expect(lost).toEqual([]);
  });

  it("finds that the connection for what is published is gone without a word", async () => {
    const [fake, clock, lost] = [await openFake(), virtualClock(), [] as string[]];
    const connection = await openTo(fake, clock, lost);
    await connection.subscribe(["a"], () => {});
    fake.keepsSubscribersWaiting = true;
    await clock.advance(5_000);
    await expect.poll(() => fake.countOf("PING")).toBe(1);
    await clock.advance(5_000);
    expect(lost).toEqual([expect.stringContaining("does not answer")]);
  });

  it.each([{}, { cluster: true }])(
    "lets calls to a server that is silent fail before the way back begins: %j",
    async (options) => {
      const [silent, other, clock, order] = [await openFake(), await openFake(), virtualClock(), [] as string[]];
      silent.nodes = [silent, other];
      const wayBack = Promise.withResolvers<void>();
      const begin = (): void => {
        order.push("way back");
        wayBack.resolve();
      };
      const onLost = (): void => {
        order.push("lost");
        systemClock.timer(0, begin);
      };
      const connection = await openTo(silent, clock, [], { ...options, onLost });
      await connection.subscribe(["a"], () => {});
      silent.isSilent = true;
      const calls = [connection.call("GET", ["bar"]), connection.subscribe(["b"], () => {})].map(async (call) => {
        await expect(call).rejects.toMatchObject({ kind: "broken" });
        order.push("broken");
      });
      await clock.advance(5_000);
      await expect.poll(() => silent.countOf("PING")).toBe(1);
      await clock.advance(5_000);
      await Promise.all([wayBack.promise, ...calls]);
      expect(order).toEqual(["lost", "broken", "broken", "way back"]);
    },
  );

  it("is not content with one node that refuses it while another one is silent", async () => {
    const [refusing, silent, clock, lost] = [await openFake(), await openFake(), virtualClock(), [] as string[]];
    refusing.nodes = [refusing, silent];
    await openTo(refusing, clock, lost, { cluster: true });
    refusing.answers["PING"] = "-LOADING Redis is loading the dataset in memory\r\n";
    silent.isSilent = true;
    await clock.advance(5_000);
    await expect.poll(() => refusing.countOf("PING") + silent.countOf("PING")).toBe(2);
    await clock.advance(5_000);
    expect(lost).toEqual([expect.stringContaining("does not answer")]);
  });

  it("reads an answer that came in time although the event loop was blocked until it was out of patience", async () => {
    const [fake, lost] = [await openFake(), [] as string[]];
    const timers: (() => void)[] = [];
    const timer: Clock["timer"] = (_, callback) => {
      timers.push(callback);
      return { cancel: () => {} };
    };
    const connection = await openTo(fake, { ...systemClock, timer }, lost);
    const answered = new Promise<void>((resolve) => {
      // After the sockets of this turn, so that the answer is read in the next one.
      fake.onAnswered = () =>
        void setImmediate(() => {
          timers.at(-1)?.();
          resolve();
        });
    });
    timers.at(-1)?.();
    await answered;
    await connection.call("TIME", []);
    expect(lost).toEqual([]);
  });
});
