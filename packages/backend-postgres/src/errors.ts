import { BackendUnavailableError } from "@lovage/backend";
import { isPostgresError, isRefusedConnection } from "@lovage/client-postgres";

/** An error of the client in the terms of the backend contract. What no repetition mends passes as it is. */
export function toBackendError(error: unknown): unknown {
  if (!isPostgresError(error) || !error.retryable) return error;
  return new BackendUnavailableError(error.message, { cause: error });
}

/**
 * As {@link toBackendError}, of a database that was open once: until a password or a certificate is mended it counts as one that cannot be reached, or what is
 * under way would end as a fault of its own.
 */
export function toLaterBackendError(error: unknown): unknown {
  const isRefused = isPostgresError(error) && isRefusedConnection(error);
  return isRefused ? new BackendUnavailableError(error.message, { cause: error }) : toBackendError(error);
}
