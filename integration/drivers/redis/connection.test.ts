import { checkServer, defineScript, RedisConnection, redisOptions, redisTarget } from "@lovage/client-redis";
import type { RedisOpening, RedisOptions } from "@lovage/client-redis";
import { optionsSchema, silentLog, systemClock, validateOptions, type Clock, type Log } from "@lovage/foundation";
import { Redis } from "ioredis";
import { expect, onTestFinished, test, vi } from "vitest";

import { describeOwnServer } from "../../services/describe-own-server.ts";
import { redisServer } from "./redis-server.ts";

describeOwnServer("redis", (start) => {
  const server = redisServer(start);

  async function open(
    rest: Partial<RedisOpening> & { readonly options?: RedisOptions } = {},
  ): Promise<{ connection: RedisConnection; lost: Error[] }> {
    const lost: Error[] = [];
    const { options = {}, ...opening } = rest;
    const connection = await RedisConnection.open({
      target: redisTarget(server().url, options),
      clock: systemClock,
      log: silentLog,
      name: "test",
      onLost: (cause) => lost.push(cause),
      ...opening,
    });
    onTestFinished(() => connection.close());
    return { connection, lost };
  }

  const echo = defineScript("echo", "return {ARGV[1], 5, false}");

  test("a script runs whether or not the server knows it", async () => {
    const { connection } = await open();
    for (const _ of [1, 2]) expect(await connection.run(echo, ["k"], ["a"])).toEqual([Buffer.from("a"), 5, null]);
    await connection.call("SCRIPT", ["FLUSH"]);
    expect(await connection.run(echo, ["k"], [Buffer.from([0, 255])])).toEqual([Buffer.from([0, 255]), 5, null]);
  });

  test("a server that is not there is told as unavailable, with nothing written", async () => {
    const target = redisTarget("redis://127.0.0.1:1", {});
    await expect(open({ target })).rejects.toMatchObject({
      code: "REDIS_FAILED",
      kind: "unavailable",
      retryable: true,
    });
  });

  test("a wrong password is told as denied, and not shown", async () => {
    const target = redisTarget(server().url.replace("//", "//nobody:geheim@"), {});
    await expect(open({ target })).rejects.toMatchObject({
      kind: "denied",
      message: expect.not.stringContaining("geheim") as string,
    });
  });

  test("a server that falls silent is left, and calls under way fail", async () => {
    const fast: Clock = { ...systemClock, timer: (ms, ...rest) => systemClock.timer(ms / 50, ...rest) };
    const { connection, lost } = await open({ clock: fast });
    await server().pause();
    onTestFinished(() => server().resume());
    const call = connection.call("GET", ["k"]);
    await expect(call).rejects.toMatchObject({ kind: "broken" });
    expect(lost).toHaveLength(1);
  });

  test("closing is no loss, may be repeated, and ends calls", async () => {
    const { connection, lost } = await open();
    connection.close();
    connection.close();
    await expect(connection.call("PING", [])).rejects.toMatchObject({ kind: "unavailable" });
    expect(lost).toEqual([]);
  });

  test("what is published after a subscription resolved is heard, by every listener, until it closes", async () => {
    const { connection } = await open();
    const heard: string[] = [];
    const one = await connection.subscribe(["a", "b"], (channel, payload) =>
      heard.push(`one ${channel} ${String(payload)}`),
    );
    await connection.subscribe(["a"], (channel) => heard.push(`two ${channel}`));
    await connection.call("PUBLISH", ["a", "x"]);
    await vi.waitUntil(() => heard.length === 2);
    one.close();
    await connection.call("PUBLISH", ["a", "y"]);
    await vi.waitUntil(() => heard.length === 3);
    expect(heard).toEqual(["one a x", "two a", "two a"]);
  });

  test("a ready-made client lends its settings, without its key prefix, and stays as it is", async () => {
    const client = new Redis({ port: server().port, lazyConnect: true, keyPrefix: "mine:" });
    const { connection } = await open({ options: { client } });
    await connection.call("SET", ["plain", "1"]);
    expect(client.status).toBe("wait");
    const { connection: other } = await open();
    expect(await other.call("EXISTS", ["plain"])).toBe(1);
  });

  test("several hosts need the name of a master", () => {
    expect(() => redisTarget("redis://a,b", {})).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }));
    expect(redisTarget("redis://a,b/2", { sentinel: "main" })).toMatchObject({ sentinel: "main", db: 2 });
  });

  test("a prefix cannot choose the slot of keys", () => {
    const schema = optionsSchema<RedisOptions>(redisOptions);
    expect(validateOptions(schema, { prefix: "a{b}" }).issues).toEqual([
      expect.stringMatching(/^prefix: must be 1 to 64/),
    ]);
    expect(validateOptions(schema, { prefix: "shop:eu" })).toEqual({ value: { prefix: "shop:eu" } });
  });

  test("a server that may lose messages is warned of, or refused when strict", async () => {
    await using careless = await start({ settings: ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"] });
    const { connection } = await open({ target: redisTarget(careless.url, {}) });
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (text) => void warnings.push(text) };
    expect(await checkServer(connection, { log, strict: false })).toBe("none");
    expect(warnings).toHaveLength(2);
    await expect(checkServer(connection, { log, strict: true })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
    });
    const { connection: careful } = await open();
    expect(await checkServer(careful, { log, strict: true })).toBe("process");
    await careful.call("CONFIG", ["SET", "appendfsync", "always"]);
    expect(await checkServer(careful, { log, strict: true })).toBe("power");
  });
});
