import { isSqliteError } from "@lovage/client-sqlite";
import { hasCode, translateErrors } from "@lovage/foundation";
import {
  PublishUncertainError,
  StorageFullError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

/**
 * An error of SQLite as an error of the contract; others pass unchanged.
 *
 * | SQLite | contract |
 * |---|---|
 * | busy, cannot open, closed | `TRANSPORT_UNAVAILABLE` |
 * | disk full | `STORAGE_FULL` |
 * | input/output | `TRANSPORT_UNAVAILABLE`; `PUBLISH_UNCERTAIN` when it happened in the commit |
 * | read-only, corrupt, other | `TRANSPORT_REJECTED` |
 */
export function toTransportError(error: unknown): unknown {
  // The file was opened anew while the call waited for its lock.
  if (hasCode(error, "CLOSED")) return new TransportUnavailableError(error.message, { cause: error });
  if (!isSqliteError(error)) return error;
  const { message, kind } = error;
  const cause = { cause: error };
  if (kind === "full") return new StorageFullError(message, cause);
  if (kind === "io" && error.committing) return new PublishUncertainError(message, cause);
  if (error.retryable) return new TransportUnavailableError(message, cause);
  return new TransportRejectedError(message, cause);
}

/** What `work` gives, its errors as the contract has them. */
export function asTransport<T>(work: () => T | Promise<T>): Promise<T> {
  return translateErrors(work, toTransportError);
}
