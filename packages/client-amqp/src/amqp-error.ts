import { errorText, isLovageError, LovageError, maskSecrets, tlsAdviceFor } from "@lovage/foundation";

/**
 * What kept RabbitMQ from doing its work.
 *
 * | kind | what happened | done | the same call may succeed later |
 * |---|---|---|---|
 * | `unavailable` | it cannot be reached, or did not answer in time | no, or not known for a call without an answer | yes |
 * | `broken` | the connection or channel ended between the call and its answer | not known | yes |
 * | `down` | the node that has the queue is down, or the queue on it (404 too) | no | yes |
 * | `missing` | the queue or exchange does not exist (404) | no | no |
 * | `mismatch` | a queue or exchange exists with other arguments (406) | no | no |
 * | `denied` | wrong password, no such vhost, a certificate that cannot be trusted, or the user may not do this (403, 530) | no | no |
 * | `locked` | the queue belongs to another connection (405) | no | no |
 * | `unroutable` | no queue takes the message | no | no |
 * | `refused` | the queue did not take the message: it has no leader for now, or is full (a negative confirm) | no | yes |
 * | `ack-timeout` | a delivery was held for longer than `consumer_timeout` of the server allows | – | – |
 * | `other` | a fault in a call | no | no |
 */
export type AmqpErrorKind =
  | "unavailable"
  | "broken"
  | "down"
  | "missing"
  | "mismatch"
  | "denied"
  | "locked"
  | "unroutable"
  | "refused"
  | "ack-timeout"
  | "other";

const passing: ReadonlySet<AmqpErrorKind> = new Set<AmqpErrorKind>(["unavailable", "broken", "down", "refused"]);

/** RabbitMQ refused or failed. Drivers turn it into an error of their contract, by its kind. Code `AMQP_FAILED`. */
export class AmqpError extends LovageError {
  readonly kind: AmqpErrorKind;

  constructor(message: string, options: { readonly kind: AmqpErrorKind; readonly cause?: unknown }) {
    super(message, { code: "AMQP_FAILED", retryable: passing.has(options.kind), cause: options.cause });
    this.kind = options.kind;
  }
}

/** Whether a value is an {@link AmqpError}, of this copy of the package or of another. */
export function isAmqpError(value: unknown): value is AmqpError {
  return isLovageError(value) && value.code === "AMQP_FAILED";
}

/** What the server and the client say, by the words of it: reply codes stand in the text of every error of the client. */
const words: readonly (readonly [text: RegExp, kind: AmqpErrorKind])[] = [
  [/delivery acknowledgement on channel \d+ timed out/i, "ack-timeout"],
  [/\b406\b.*inequivalent arg/is, "mismatch"],
  [
    /is down or inaccessible|crashed and failed to restart|stopped by supervisor|failed to perform operation on/,
    "down",
  ],
  [/\b404\b|NOT[-_]FOUND/, "missing"],
  [/\b405\b|RESOURCE[-_]LOCKED/, "locked"],
  [/\b403\b|ACCESS[-_]REFUSED|\b530\b|NOT[-_]ALLOWED/, "denied"],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|during opening handshake/, "unavailable"],
  [/channel closed|channel ended|connection clos|socket|heartbeat|ECONNRESET|EPIPE|unexpected close/i, "broken"],
  [/\b320\b|CONNECTION[-_]FORCED|\b541\b|INTERNAL[-_]ERROR|\b506\b/, "broken"],
];

/**
 * An error of the client, with the server's name in its text.
 * @param what What was being done, as in `declaring queue "mail"`.
 */
export function toAmqpError(error: unknown, where: string, what: string): AmqpError {
  if (isAmqpError(error)) return error;
  const text = maskSecrets(errorText(error));
  const tlsAdvice = tlsAdviceFor(error);
  // Names of queues may read like any of it.
  const unnamed = text.replaceAll(/(queue|exchange|topic|vhost) '[^']*'/g, "$1");
  const kind = tlsAdvice === undefined ? words.find(([pattern]) => pattern.test(unnamed))?.[1] : "denied";
  const sentence = `RabbitMQ at ${where}, ${what}: ${text}${text.endsWith(".") ? "" : "."}`;
  return new AmqpError(tlsAdvice === undefined ? sentence : `${sentence} ${tlsAdvice}`, {
    kind: kind ?? "other",
    cause: error,
  });
}
