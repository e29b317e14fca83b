import { isAmqpError } from "@lovage/client-amqp";
import type { AmqpError, AmqpErrorKind } from "@lovage/client-amqp";
import { asError, LovageError } from "@lovage/foundation";
import {
  MessageUnroutableError,
  PublishUncertainError,
  QueueNotFoundError,
  TopologyMismatchError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

/** What {@link toTransportError} is told of the call that failed. */
export interface FailedCall {
  /** Queue or exchange that it was about. */
  readonly name?: string;
  /** Where a message was going, for a publish. */
  readonly to?: { readonly exchange: string; readonly routingKey: string };
}

/** An error of the client as one of the transport's contract. Others stay as they are. */
export function toTransportError(error: unknown, { name = "", to }: FailedCall = {}): Error {
  if (!isAmqpError(error)) return error instanceof LovageError ? error : asError(error);
  const make = makers[error.kind];
  return (
    make?.(error, { name, ...(to === undefined ? {} : { to }) }) ??
    new TransportRejectedError(error.message, { cause: error })
  );
}

type Maker = (cause: AmqpError, call: FailedCall & { readonly name: string }) => Error;

/** By kind; every other one is a refusal. */
const makers: { readonly [kind in AmqpErrorKind]?: Maker } = {
  unavailable: (cause) => new TransportUnavailableError(cause.message, { cause }),
  broken: (cause, { to }) =>
    to === undefined
      ? new TransportUnavailableError(cause.message, { cause })
      : new PublishUncertainError(`${cause.message} It may have been accepted.`, { cause }),
  // Its queue may be between two leaders; nothing was written.
  refused: (cause) => new TransportUnavailableError(cause.message, { cause }),
  down: (cause) => new TransportUnavailableError(cause.message, { cause }),
  missing: (_, { name, to }) =>
    to === undefined ? new QueueNotFoundError(name) : new MessageUnroutableError(to.exchange, to.routingKey),
  mismatch: (cause, { name }) => new TopologyMismatchError(mismatchText(cause.message, name), { queue: name, cause }),
  unroutable: (_, { name, to }) => new MessageUnroutableError(to?.exchange ?? "", to?.routingKey ?? name),
};

/** Such as: inequivalent arg 'x-queue-type' for queue 'mail' in vhost '/': received 'classic' but current is the value 'quorum' of type 'longstr' */
const inequivalent =
  /inequivalent arg '([^']+)' for (queue|exchange) '([^']+)'.*?: received (.+?) but current is (.+?)"?\.*$/s;

function mismatchText(message: string, name: string): string {
  const [, argument, kind = "queue", found = name, wanted, present] = inequivalent.exec(message) ?? [];
  if (argument === undefined) return `"${name}" exists in another form than declared. ${message}`;
  const advice =
    argument === "x-queue-type"
      ? "Declare it as it is (queueType), or delete it once it is empty."
      : "Declare it with the same, or delete it once it is empty.";
  return `The ${kind} "${found}" exists with another ${argument}: declared was ${words(wanted)}, it has ${words(present)}. ${advice}`;
}

function words(text = ""): string {
  return text.replace(/^the value /, "").replace(/ of type '\w+'$/, "");
}
