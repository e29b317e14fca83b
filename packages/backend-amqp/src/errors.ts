import { BackendUnavailableError } from "@lovage/backend";
import { isAmqpError, type AmqpErrorKind } from "@lovage/client-amqp";

/** What may be over by itself; a queue that takes nothing for now among it. The other kinds are faults that no repetition mends, and pass as they are. */
const passing: ReadonlySet<AmqpErrorKind> = new Set<AmqpErrorKind>(["unavailable", "broken", "down", "refused"]);

/** An error of the AMQP client in the terms of the backend contract. */
export function toBackendError(error: unknown): unknown {
  if (!isAmqpError(error) || !passing.has(error.kind)) return error;
  return new BackendUnavailableError(error.message, { cause: error });
}
