import { optionsSchema, validateOptions } from "@lovage/foundation";
import { Cluster, Redis } from "ioredis";
import { expect, test } from "vitest";

import { isPlainTarget, redisOptions, redisTarget, type RedisOptions } from "./redis-options.ts";

const schema = optionsSchema<RedisOptions>(redisOptions);

test.each<[url: string, options: RedisOptions, what: RegExp]>([
  ["redis://a,b", {}, /several hosts.*sentinel.*cluster=true/],
  ["redis://a", { sentinel: "main", cluster: true }, /exclude each other/],
  ["redis://a/2", { cluster: true }, /only database 0/],
  ["redis://a", { tls: { ca: "" } }, /rediss:/],
])("%s with %o is refused, with what to do", (url, options, what) => {
  expect(() => redisTarget(url, options)).toThrow(
    expect.objectContaining({ code: "CONFIGURATION_INVALID", message: expect.stringMatching(what) as string }),
  );
});

test("texts of a URL are read, and others refused", () => {
  expect(validateOptions(schema, { cluster: "true", wait: "2" })).toEqual({ value: { cluster: true, wait: 2 } });
  for (const wait of [-1, 1.5, 1_000]) expect(validateOptions(schema, { wait }).issues).toHaveLength(1);
});

test("a ready-made client says where to go, and which database", () => {
  const client = new Redis({ host: "there", port: 7, db: 4, lazyConnect: true });
  expect(redisTarget("redis://not.there", { client })).toMatchObject({ hosts: [{ host: "there", port: 7 }], db: 4 });
  const cluster = new Cluster([{ host: "there", port: 7 }], { lazyConnect: true });
  expect(() => redisTarget("redis://not.there", { client: cluster })).toThrow(/Connect it first/);
  expect(() => redisTarget("redis://not.there", { client: cluster, cluster: false })).toThrow(/Remove cluster/);
});

test("only plain data can be sent to a thread", () => {
  expect(isPlainTarget(redisTarget("rediss://a", { tls: { ca: "text", key: Buffer.from("k") } }))).toBe(true);
  expect(isPlainTarget(redisTarget("rediss://a", { tls: { checkServerIdentity: () => undefined } }))).toBe(false);
  expect(isPlainTarget(redisTarget("redis://a", { client: new Redis({ lazyConnect: true }) }))).toBe(false);
});
