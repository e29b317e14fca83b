import { SqliteError, type SqliteErrorKind } from "@lovage/client-sqlite";
import { ClosedError } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { toTransportError } from "./errors.ts";

const sqliteError = (kind: SqliteErrorKind, committing = false): SqliteError =>
  new SqliteError(`SQLite file /q.db: ${kind}.`, { kind, committing });

describe("toTransportError", () => {
  it.each([
    ["busy", false, "TRANSPORT_UNAVAILABLE", true],
    ["cannot-open", false, "TRANSPORT_UNAVAILABLE", true],
    ["io", false, "TRANSPORT_UNAVAILABLE", true],
    ["io", true, "PUBLISH_UNCERTAIN", true],
    ["full", false, "STORAGE_FULL", true],
    ["full", true, "STORAGE_FULL", true],
    ["read-only", false, "TRANSPORT_REJECTED", false],
    ["corrupt", false, "TRANSPORT_REJECTED", false],
    ["other", false, "TRANSPORT_REJECTED", false],
  ] as const)("makes of %s (committing %s) %s, retryable %s", (kind, committing, code, retryable) => {
    const cause = sqliteError(kind, committing);
    expect(toTransportError(cause)).toMatchObject({ code, retryable, message: cause.message, cause });
  });

  it("makes of a connection that was closed under a call one that can be tried again", () => {
    expect(toTransportError(new ClosedError("closed"))).toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
      retryable: true,
    });
  });

  it("leaves other errors alone", () => {
    const error = new TypeError("mine");
    expect(toTransportError(error)).toBe(error);
  });
});
