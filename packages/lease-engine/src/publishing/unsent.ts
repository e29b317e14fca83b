import { ClosedError } from "@lovage/foundation";
import { TransportUnavailableError } from "@lovage/transport";

/** Told to a publish call of which nothing has gone out when the connection is closed. */
export function closedBefore(cause: unknown): ClosedError {
  return new ClosedError("The connection was closed before the batch was sent.", { cause });
}

/** Told to a publish call of which nothing has gone out when its time is over. */
export function timedOutBefore(cause: unknown): TransportUnavailableError {
  return new TransportUnavailableError("The batch could not be sent within its publish timeout; nothing was written.", {
    cause,
  });
}
