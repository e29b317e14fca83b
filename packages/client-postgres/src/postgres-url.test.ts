import * as fc from "fast-check";
import { expect, test } from "vitest";

import { parsePostgresUrl, placeOf } from "./postgres-url.ts";

test.each([
  ["postgres://localhost/shop", { host: "localhost", port: 5432, database: "shop" }],
  ["postgresql://a:b@db:6000", { host: "db", port: 6000, user: "a", password: "b" }],
  ["postgres:///shop", { host: "localhost", port: 5432, database: "shop" }],
  ["postgres://a:p/s@s@db/x", { host: "db", port: 5432, user: "a", password: "p/s@s", database: "x" }],
  ["postgres://a@[::1]:5433/x", { host: "::1", port: 5433, user: "a", database: "x" }],
  ["postgres://a@%2Fvar%2Frun/x", { host: "/var/run", port: 5432, user: "a", database: "x" }],
])("%s", (url, location) => expect(parsePostgresUrl(url)).toEqual(location));

test.each([
  "mysql://localhost",
  "postgres://h:99999/x",
  "postgres://h:1:2/x",
  "postgres:h",
  "postgres://a:%zz@h/x",
  "postgres://a:s3cret@db/orders@eu",
  "postgres:/a:s3cret@db/orders",
  "postgres:///a:s3cret@db/orders",
])("%s is refused, without its password", (url) => {
  expect(() => parsePostgresUrl(url)).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }));
  expect(() => parsePostgresUrl(url)).not.toThrow(/s3cret/);
});

test("the password stands in no message", () => {
  expect(() => parsePostgresUrl("postgres://a:hunter2@h:0/x")).toThrow(/\*\*\*/);
  expect(() => parsePostgresUrl("postgres://a:hunter2@h:0/x")).not.toThrow(/hunter2/);
});

test("user, password and database may be any text", () => {
  const text = fc.string({ minLength: 1, unit: "grapheme" });
  fc.assert(
    fc.property(text, text, text, (user, password, database) => {
      const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h/${encodeURIComponent(database)}`;
      expect(parsePostgresUrl(url)).toEqual({ host: "h", port: 5432, user, password, database });
    }),
  );
});

test("a place names no secrets", () => {
  expect(placeOf(parsePostgresUrl("postgres://a:secret@[::1]/x"))).toBe("[::1]:5432/x");
});
