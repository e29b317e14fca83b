import { BackendUnavailableError } from "@lovage/backend";
import { isSqliteError, type SqliteErrorKind } from "@lovage/client-sqlite";

/** What may be over by itself, or by freeing space. The other kinds are faults that no repetition mends; they pass as they are. */
const passing: ReadonlySet<SqliteErrorKind> = new Set<SqliteErrorKind>(["busy", "full", "io", "cannot-open"]);

/** An error of the SQLite client in the terms of the backend contract. */
export function toBackendError(error: unknown): unknown {
  if (!isSqliteError(error) || !passing.has(error.kind)) return error;
  return new BackendUnavailableError(error.message, { cause: error });
}
