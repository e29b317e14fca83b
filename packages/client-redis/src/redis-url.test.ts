import { expect, test } from "vitest";

import { hostsOf, parseRedisUrl } from "./redis-url.ts";

test.each([
  ["redis://localhost", { hosts: [{ host: "localhost", port: 6379 }], tls: false, db: 0 }],
  ["redis://", { hosts: [{ host: "localhost", port: 6379 }], tls: false, db: 0 }],
  [
    "rediss://:p%40ss@cache.example:6380/3",
    { hosts: [{ host: "cache.example", port: 6380 }], tls: true, db: 3, password: "p@ss" },
  ],
  [
    "redis://u:p@[::1]:7000/0",
    { hosts: [{ host: "::1", port: 7000 }], tls: false, db: 0, username: "u", password: "p" },
  ],
  ["redis://lone@h", { hosts: [{ host: "h", port: 6379 }], tls: false, db: 0, password: "lone" }],
])("%s is taken apart", (url, location) => {
  expect(parseRedisUrl(url)).toEqual(location);
});

test("several hosts are the servers of Sentinel", () => {
  expect(hostsOf(parseRedisUrl("redis://one:26379,two:26380/1"))).toBe("one:26379,two:26380");
});

test.each(["redis://h/x", "redis://h:0", "redis://h:99999", "redis://a b", "http://h", "redis://:%zz@h"])(
  "%s is refused",
  (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }));
  },
);

test.each([
  "redis://user:geheim@h/x",
  "redis://default:geheim",
  "redis://:geheim/0",
  "redis://one,:geheim",
  "redis://:geheim@h:99999",
  "redis:/u:geheim@h",
  "redis:///u:geheim@h",
])("the password of %s is in no message", (url) => {
  expect(() => parseRedisUrl(url)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("geheim") as string }),
  );
});
