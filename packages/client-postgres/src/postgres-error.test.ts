import { expect, test } from "vitest";

import { isPostgresError, toPostgresError } from "./postgres-error.ts";

const server = (code: string): Error => Object.assign(new Error("no"), { code });

test.each([
  [server("40001"), "conflict", true],
  [server("40P01"), "conflict", true],
  [server("55P03"), "conflict", true],
  [server("57014"), "timeout", true],
  [server("57P01"), "broken", true],
  [server("57P03"), "unavailable", true],
  [server("53300"), "unavailable", true],
  [server("53100"), "full", true],
  [server("25006"), "unavailable", true],
  [server("42P01"), "missing", true],
  [server("42501"), "denied", false],
  [server("28P01"), "denied", false],
  [server("23505"), "other", false],
  [server("ECONNREFUSED"), "unavailable", true],
  [server("ECONNRESET"), "broken", true],
  [server("EPIPE"), "broken", true],
  [new Error("Connection terminated unexpectedly"), "broken", true],
  [new Error("timeout expired"), "unavailable", true],
  [new Error("Query read timeout"), "broken", true],
  [new Error("self-signed certificate"), "denied", false],
  // A proxy whose server is away.
  [
    Object.assign(new Error("Client network socket disconnected before secure TLS connection was established"), {
      code: "ECONNRESET",
    }),
    "broken",
    true,
  ],
  [new Error("There was an error establishing an SSL connection"), "unavailable", true],
  [new AggregateError([server("ECONNREFUSED")], ""), "other", false],
] as const)("%o is %s", (error, kind, retryable) => {
  expect(toPostgresError(error, "db")).toMatchObject({ code: "POSTGRES_FAILED", kind, retryable });
});

test("a name with several addresses that all refuse is unavailable", () => {
  const error = Object.assign(new AggregateError([server("ECONNREFUSED"), server("ECONNREFUSED")]), {
    code: "ECONNREFUSED",
  });
  expect(toPostgresError(error, "db")).toMatchObject({ kind: "unavailable" });
});

test("an error is turned once, and keeps its cause", () => {
  const cause = server("40001");
  const failure = toPostgresError(cause, "db");
  expect(toPostgresError(failure, "other")).toBe(failure);
  expect(failure.cause).toBe(cause);
  expect([isPostgresError(failure), isPostgresError(cause)]).toEqual([true, false]);
});
