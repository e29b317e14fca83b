import { BackendUnavailableError } from "@lovage/backend";
import { isPostgresError } from "@lovage/client-postgres";

/** An error of the client in the terms of the backend contract. What no repetition mends passes as it is. */
export function toBackendError(error: unknown): unknown {
  if (!isPostgresError(error) || !error.retryable) return error;
  return new BackendUnavailableError(error.message, { cause: error });
}
