import { isLovageError, LovageError } from "@lovage/foundation";

interface Cause {
  readonly cause?: unknown;
}

/** The broker cannot be reached, or the connection broke before anything was written. Retryable. Code `TRANSPORT_UNAVAILABLE`. */
export class TransportUnavailableError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "TRANSPORT_UNAVAILABLE", retryable: true, cause });
  }
}

/**
 * The broker was reached and has more to do than it takes: one queue is throttled, or on its way from one node to another, or a statement met a lock or its time limit. Nothing was written, and nothing is wrong with the connection. Retryable. Code
 * `TRANSPORT_BUSY`.
 */
export class TransportBusyError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "TRANSPORT_BUSY", retryable: true, cause });
  }
}

/** The broker was reached and said no (permissions, memory limit, policy). Code `TRANSPORT_REJECTED`. */
export class TransportRejectedError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "TRANSPORT_REJECTED", cause });
  }
}

/** The disk of the broker is full; nothing was written. Retryable once space is freed. Code `STORAGE_FULL`. */
export class StorageFullError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "STORAGE_FULL", retryable: true, cause });
  }
}

/** The transport cannot do what was asked for. Thrown when it is declared or configured. Code `FEATURE_UNSUPPORTED`. */
export class FeatureUnsupportedError extends LovageError {
  constructor(message: string) {
    super(message, { code: "FEATURE_UNSUPPORTED" });
  }
}

/** `PublishOptions.transaction` is not something this transport can write in. Code `TRANSACTION_UNSUPPORTED`. */
export class TransactionUnsupportedError extends LovageError {
  constructor(message: string) {
    super(message, { code: "TRANSACTION_UNSUPPORTED" });
  }
}

/** The queue exists in another form than the one declared. Code `TOPOLOGY_MISMATCH`. */
export class TopologyMismatchError extends LovageError {
  readonly queue: string;
  constructor(message: string, { queue, cause }: Cause & { readonly queue: string }) {
    super(message, { code: "TOPOLOGY_MISMATCH", cause });
    this.queue = queue;
  }
}

/** A queue was used before it was declared on this connection. Code `QUEUE_NOT_DECLARED`. */
export class QueueNotDeclaredError extends LovageError {
  readonly queue: string;
  constructor(queue: string) {
    super(
      `Queue "${queue}" was not declared on this connection. Call declare({ queues: [{ name: "${queue}" }] }) first.`,
      {
        code: "QUEUE_NOT_DECLARED",
      },
    );
    this.queue = queue;
  }
}

/** There is no such queue in the broker. Code `QUEUE_NOT_FOUND`. */
export class QueueNotFoundError extends LovageError {
  readonly queue: string;
  constructor(queue: string) {
    super(`There is no queue "${queue}" in the broker.`, { code: "QUEUE_NOT_FOUND" });
    this.queue = queue;
  }
}

/** No queue is bound to the exchange under that routing key; the message was not accepted. Code `MESSAGE_UNROUTABLE`. */
export class MessageUnroutableError extends LovageError {
  constructor(exchange: string, routingKey: string) {
    super(
      `No queue is bound to exchange "${exchange}" for routing key "${routingKey}"; the message was not accepted.`,
      {
        code: "MESSAGE_UNROUTABLE",
      },
    );
  }
}

/**
 * The store for large bodies cannot be reached; the message was not sent. Retryable, by whoever sent it: others would have to wait behind it. Code
 * `CLAIM_CHECK_UNAVAILABLE`.
 */
export class ClaimCheckUnavailableError extends LovageError {
  constructor(message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, { code: "CLAIM_CHECK_UNAVAILABLE", retryable: true, cause });
  }
}

/** Headers and body together are larger than the transport takes; nothing was sent. Code `MESSAGE_TOO_LARGE`. */
export class MessageTooLargeError extends LovageError {
  readonly bytes: number;
  readonly maxBytes: number;
  constructor(messageId: string, { bytes, maxBytes }: { readonly bytes: number; readonly maxBytes: number }) {
    super(
      `Message ${messageId} has ${bytes} bytes and the limit is ${maxBytes}. Send a reference (a file, a row, an object key) instead of the data, or raise maxMessageBytes where the broker allows it.`,
      { code: "MESSAGE_TOO_LARGE" },
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** The publish timeout passed without an answer; the batch may or may not have been accepted. Retryable. Code `PUBLISH_TIMEOUT`. */
export class PublishTimeoutError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "PUBLISH_TIMEOUT", retryable: true, cause });
  }
}

/** The connection broke after sending and before the answer; the message may have been accepted. Retryable. Code `PUBLISH_UNCERTAIN`. */
export class PublishUncertainError extends LovageError {
  constructor(message: string, { cause }: Cause = {}) {
    super(message, { code: "PUBLISH_UNCERTAIN", retryable: true, cause });
  }
}

/** One message of a batch that was not accepted. */
export interface PublishFailure {
  /** Place in the batch, from 0. */
  readonly index: number;
  readonly messageId: string;
  readonly error: Error;
}

/** Some messages of a batch were not accepted; all others were. Code `PUBLISH_FAILED`. */
export class PublishError extends LovageError {
  readonly failures: readonly PublishFailure[];
  constructor(failures: readonly PublishFailure[], batchSize: number) {
    const first = failures[0];
    super(
      `${failures.length} of ${batchSize} messages were not accepted; the first is ${first?.messageId ?? "?"}: ${first?.error.message ?? "?"}`,
      {
        code: "PUBLISH_FAILED",
        retryable: failures.every(({ error }) => isLovageError(error) && error.retryable),
        cause: first?.error,
      },
    );
    this.failures = failures;
  }
}

/** The lease of a delivery ended before it was settled; another consumer has the message, or will. Code `LEASE_LOST`. */
export class LeaseLostError extends LovageError {
  readonly queue: string;
  readonly messageId: string;
  constructor({ queue, messageId, cause }: Cause & { readonly queue: string; readonly messageId: string }) {
    super(
      `The lease on message ${messageId} of queue "${queue}" was lost: the message is, or will be, delivered again elsewhere. Stop working on it; nothing more can be recorded for this delivery.`,
      { code: "LEASE_LOST", cause },
    );
    this.queue = queue;
    this.messageId = messageId;
  }
}

/** A delivery was settled a second time. Code `DELIVERY_SETTLED`. */
export class DeliverySettledError extends LovageError {
  constructor(messageId: string) {
    super(`Message ${messageId} was settled already: a delivery takes one ack, release or reject.`, {
      code: "DELIVERY_SETTLED",
    });
  }
}
