import { hasCode, isLovageError } from "@lovage/foundation";

/**
 * Whether nothing was written and the same call may succeed soon, so that the engine repeats it by itself. A full disk is told to the caller
 * at once: it does not mend itself within a publish timeout.
 */
export function isTransient(error: unknown): boolean {
  return (
    isLovageError(error) && error.retryable && !hasCode(error, ["PUBLISH_UNCERTAIN", "PUBLISH_TIMEOUT", "STORAGE_FULL"])
  );
}

/** Whether the store refused a batch as a whole, so that its parts may be tried one by one without writing any twice. */
export function isRefusal(error: unknown): boolean {
  return isLovageError(error) && !error.retryable;
}
