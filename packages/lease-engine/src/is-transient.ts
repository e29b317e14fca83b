import { hasCode, isLovageError } from "@lovage/foundation";

const toldAtOnce = ["PUBLISH_UNCERTAIN", "PUBLISH_TIMEOUT", "STORAGE_FULL", "CLAIM_CHECK_UNAVAILABLE"] as const;

/**
 * Whether nothing was written and the same call may succeed soon, so that the engine repeats it by itself. A full disk is told to the caller
 * at once: it does not mend itself within a publish timeout. So is a claim check that is away: other messages would wait behind those that need it.
 */
export function isTransient(error: unknown): boolean {
  return isLovageError(error) && error.retryable && !hasCode(error, toldAtOnce);
}

/** Whether the store refused a batch as a whole, so that its parts may be tried one by one without writing any twice. */
export function isRefusal(error: unknown): boolean {
  return isLovageError(error) && !error.retryable;
}

/** Whether an error may be that of some queues only. */
export function isOfSome(error: unknown): boolean {
  return isRefusal(error) || hasCode(error, "TRANSPORT_BUSY");
}
