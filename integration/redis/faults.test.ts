import { redisBackend } from "@lovage/backend-redis";
import { silentLog, systemClock, type Log } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import type { Delivery } from "@lovage/transport";
import { chord, createApp, every, group } from "lovage";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { redisCli } from "./redis-cli.ts";
import { throughBoth } from "./through-both.ts";
import { TransportLoad } from "./transport-load.ts";

// Limits in time are asserted at five times the figure: machines are noisy.
const patience = 5;
const nothing = { lost: 0, doubledAfterAck: 0 };
const outageMs = 500;

describeOwnServer("redis", (start) => {
  test("14: killed and started again, twice, in the midst of 100 producers, it has all that it accepted", async () => {
    await using server = await start();
    await using load = await TransportLoad.start({ url: server.url }, 100);
    for (const _ of [1, 2]) {
      await load.goesOn();
      await server.kill();
      await systemClock.sleep(outageMs);
      await server.start();
      expect(await load.goesOn()).toBeLessThan(5_000 * patience);
    }
    const verdict = await load.finish();
    expect(verdict).toMatchObject(nothing);
    expect(Object.keys(verdict.refusals).filter((code) => code !== "PUBLISH_UNCERTAIN")).toEqual([]);
  });

  test("14: while it loads its data it is away, and then it works", async () => {
    // A pause after each command that it reads, and a look at its clients in between.
    const slow = ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];
    await using server = await start({ settings: slow });
    await using load = await TransportLoad.start({ url: server.url });
    await load.goesOn(500);
    await server.kill();
    const starting = server.start();
    const answer = async (): Promise<string> => await redisCli(server, "get", "a").catch(() => "it is away");
    await eventually(async () => (await answer()).startsWith("LOADING"), { what: "LOADING", withinMs: 30_000 });
    await starting;
    await load.goesOn();
    expect(await load.finish()).toMatchObject(nothing);
  });

  test("16: absent at the start it is told so within the connect timeout", async () => {
    await using server = await start();
    await server.kill();
    await expect(redisTransport({ url: server.url })).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    await expect(redisBackend({ url: server.url })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await server.start();
    await server.pause();
    const fromMs = systemClock.monotonic();
    await expect(redisTransport({ url: server.url })).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    expect(systemClock.monotonic() - fromMs).toBeLessThan(20_000);
    await server.resume();
  });

  test("17: started again empty it is given queues and scripts again, and works for new messages", async () => {
    await using server = await start();
    await using load = await TransportLoad.start({ url: server.url });
    await load.goesOn();
    await server.restart({ keepsData: false });
    expect(await load.goesOn()).toBeLessThan(5_000 * patience);
  });

  test("19: scripts that are flushed again and again are loaded again, and nobody notices", async () => {
    await using server = await start();
    await using load = await TransportLoad.start({ url: server.url });
    for (let flush = 0; flush < 10; flush += 1) {
      await redisCli(server, "script", "flush");
      await load.goesOn();
    }
    expect(await load.finish()).toMatchObject({ ...nothing, redelivered: 0, refusals: {} });
  });

  test.each(["normal", "pubsub"])("19: killed %s clients are back within 2 s, and lose nothing", async (type) => {
    await using server = await start();
    await using load = await TransportLoad.start({ url: server.url });
    for (const _ of [1, 2, 3]) {
      await load.goesOn();
      await redisCli(server, "client", "kill", "type", type);
      expect(await load.goesOn()).toBeLessThan(2_000 * patience);
    }
    const verdict = await load.finish();
    expect(verdict).toMatchObject(nothing);
    expect(Object.keys(verdict.refusals).filter((code) => code !== "PUBLISH_UNCERTAIN")).toEqual([]);
  });

  test("19: only the subscriber of a sleeping worker is killed, and it still hears of work", async () => {
    await using server = await start();
    const states: string[] = [];
    const connection = await redisTransport({ url: server.url, onState: (state) => states.push(state) });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    const arrived: string[] = [];
    await connection.consume({
      queue: "q",
      prefetch: 1,
      // Once it is acknowledged: the connection is closed when the message has arrived.
      onDelivery: (delivery) => {
        void delivery.ack().then(() => arrived.push(delivery.message.properties.messageId));
      },
    });
    await redisCli(server, "client", "kill", "type", "pubsub");
    await expect.poll(() => states, { timeout: 2_000 * patience }).toEqual(["reconnecting", "open"]);
    const other = await redisTransport({ url: server.url });
    onTestFinished(() => other.close());
    await other.declare({ queues: [{ name: "q" }] });
    const properties = { messageId: "a", contentType: "application/json", contentEncoding: "utf-8" };
    await other.publish([{ to: "q", headers: {}, properties, body: Buffer.from("[]") }]);
    await expect.poll(() => arrived, { timeout: 2_000 * patience }).toEqual(["a"]);
  });

  test("19: with its memory full it refuses messages at once, what it has is worked off, and then it takes more", async () => {
    await using server = await start();
    await using load = await TransportLoad.start({ url: server.url });
    await load.goesOn();
    await redisCli(server, "config", "set", "maxmemory", "1");
    await load.refuses("TRANSPORT_REJECTED", 50);
    await redisCli(server, "config", "set", "maxmemory", "0");
    await load.goesOn();
    const verdict = await load.finish();
    expect(verdict).toMatchObject({ ...nothing, redelivered: 0 });
    expect(Object.keys(verdict.refusals)).toEqual(["TRANSPORT_REJECTED"]);
  });

  test("19: with its memory full its tasks are worked off with their results, by workers that begin and that come back", async () => {
    await using server = await start();
    // What was on its way to a connection that is killed comes back when its lease ends.
    const broker = { url: server.url, lease: 3_000, sweep: 500 };
    const app = createApp({ name: "full", broker, backend: server.url, log: silentLog });
    onTestFinished(() => app.close());
    let runs = 0;
    const add = app.task("full.add", async (x: number, y: number) => {
      runs += 1;
      await systemClock.sleep(20);
      return x + y;
    });
    const limited = app.task("full.limited", { rateLimit: "1000/s" }, (x: number) => x);
    const calls = Array.from({ length: 100 }, (_, index): [number, number] => [index, 1]);
    const all = [...(await add.applyMany(calls)), await limited.delay(7)];
    const chorded = await chord(group([add.s(1, 2), add.s(3, 4)]), add.si(1, 1)).delay();
    await redisCli(server, "config", "set", "maxmemory", "1");
    const worker = app.worker({ concurrency: 2 });
    await worker.start();
    onTestFinished(() => worker.stop());
    await eventually(() => runs > 10, { what: "tasks that run", withinMs: 5_000 * patience });
    await redisCli(server, "client", "kill", "type", "normal");
    const got = await Promise.all(all.map((one) => one.get({ timeout: "30s" })));
    expect(got).toEqual([...calls.map(([x]) => x + 1), 7]);
    expect(await chorded.get({ timeout: "30s" })).toBe(2);
    await expect(add.delay(1, 1)).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
  }, 60_000);

  test("19: with the memory of the backend full the beat publishes each tick once, and those that follow", async () => {
    await using broker = await start();
    await using store = await start();
    const app = createApp({ name: "ticks", broker: broker.url, backend: store.url, log: silentLog });
    onTestFinished(() => app.close());
    app.schedule("often", { task: app.task("ticks.one", () => {}), schedule: every("1s") });
    const connection = await redisTransport({ url: broker.url, log: silentLog });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "default" }] });
    const ticks: string[] = [];
    const onDelivery = (delivery: Delivery): void => {
      ticks.push(delivery.message.properties.messageId);
      void delivery.ack();
    };
    await connection.consume({ queue: "default", prefetch: 10, onDelivery });
    const beat = app.beat();
    await beat.start();
    onTestFinished(() => beat.stop());
    const arrive = (count: number): Promise<unknown> =>
      eventually(() => ticks.length >= count, { what: `${count} ticks`, withinMs: 10_000 * patience });
    await arrive(1);
    await redisCli(store, "config", "set", "maxmemory", "1");
    await arrive(ticks.length + 4);
    expect(new Set(ticks).size).toBe(ticks.length);
  }, 120_000);

  test("19: a backend whose password is changed for a while fails no task: it is waited for", async () => {
    await using broker = await start();
    await using store = await start();
    const app = createApp({ name: "refused", broker: broker.url, backend: store.url, log: silentLog });
    onTestFinished(() => app.close());
    let runs = 0;
    const add = app.task("refused.add", (x: number) => {
      runs += 1;
      return x + 1;
    });
    const limited = app.task("refused.limited", { rateLimit: "1000/s" }, (x: number) => x);
    const worker = app.worker({ concurrency: 2 });
    await worker.start();
    onTestFinished(() => worker.stop());
    expect(await (await add.delay(0)).get({ timeout: "30s" })).toBe(1);
    await redisCli(store, "config", "set", "requirepass", "other");
    const withPassword = ["-a", "other", "--no-auth-warning"];
    await redisCli(store, ...withPassword, "client", "kill", "type", "normal");
    const all = [...(await add.applyMany([[1], [2], [3]])), await limited.delay(7)];
    const refusals = async (): Promise<number> => {
      const said = await redisCli(store, ...withPassword, "info", "errorstats");
      return Number(/errorstat_NOAUTH:count=(\d+)/.exec(said)?.[1] ?? 0);
    };
    // All have run, and the store has refused more than twice as often as there are results.
    await eventually(async () => runs === 4 && (await refusals()) > 2 * all.length, {
      what: "refused results",
      withinMs: 10_000,
      describe: () => `${runs} runs`,
    });
    await redisCli(store, ...withPassword, "config", "set", "requirepass", "");
    expect(await Promise.all(all.map((one) => one.get({ timeout: "30s" })))).toEqual([2, 3, 4, 7]);
    expect(runs).toBe(4);
    expect(await redisCli(broker, "exists", "lovage:{default}.dead:l0:")).toBe("0");
  }, 60_000);

  test("20: a server that may lose messages is warned of by both drivers, and refused by both when strict", async () => {
    await using server = await start({ settings: ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"] });
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (text) => void warnings.push(text) };
    await throughBoth(await redisTransport({ url: server.url, log }), await redisBackend({ url: server.url, log }));
    const expected = [/appendonly yes/, /maxmemory-policy noeviction/];
    expect(warnings).toEqual([...expected, ...expected].map((text) => expect.stringMatching(text) as string));
    const refusal = { code: "CONFIGURATION_INVALID" };
    await expect(redisTransport({ url: `${server.url}?strict=true` })).rejects.toMatchObject(refusal);
    await expect(redisBackend({ url: `${server.url}?strict=true` })).rejects.toMatchObject(refusal);
  });
});
