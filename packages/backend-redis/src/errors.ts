import { BackendUnavailableError } from "@lovage/backend";
import { isRedisError, type RedisError, type RedisErrorKind } from "@lovage/client-redis";

/** What may be over by itself, or by freeing memory. The other kinds are faults that no repetition mends; they pass as they are. */
const passing: ReadonlySet<RedisErrorKind> = new Set<RedisErrorKind>([
  "unavailable",
  "moving",
  "away",
  "broken",
  "unreplicated",
  "full",
  "disk",
]);

/** An error of the Redis client in the terms of the backend contract. */
export function toBackendError(error: unknown): unknown {
  if (!isRedisError(error) || !passing.has(error.kind)) return error;
  return new BackendUnavailableError(error.message, { cause: error });
}

/** Whether it is about one node of a cluster, of which the others are served. */
export function isOfOneNode(error: unknown): error is RedisError {
  return isRedisError(error) && (error.kind === "away" || error.kind === "moving");
}
