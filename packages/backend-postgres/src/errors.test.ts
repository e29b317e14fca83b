import { PostgresError } from "@lovage/client-postgres";
import { expect, test } from "vitest";

import { toBackendError, toLaterBackendError } from "./errors.ts";

test.each(["28P01", "28000", "3D000", undefined])(
  "a connection that is refused (%s) is fatal the first time, and later a server that is away",
  (sqlState) => {
    const error = new PostgresError("no", { kind: "denied", sqlState });
    expect(toBackendError(error)).toBe(error);
    expect(toLaterBackendError(error)).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
  },
);

test("a statement that the role may not run stays what it is", () => {
  const error = new PostgresError("no", { kind: "denied", sqlState: "42501" });
  expect(toLaterBackendError(error)).toBe(error);
});
