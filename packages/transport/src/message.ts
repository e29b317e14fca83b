/** What a header may hold: JSON, nothing else. `undefined` is not a value: leave the header out. */
export type HeaderValue =
  | string
  | number
  | boolean
  | null
  | readonly HeaderValue[]
  | { readonly [key: string]: HeaderValue };

/** The headers of a message. Drivers carry them unread, whatever their names. */
export type Headers = Readonly<Record<string, HeaderValue>>;

/** What a broker may read of a message; the names are AMQP's (0-9-1, basic properties). */
export interface MessageProperties {
  /**
   * Identifies this step of this task: task id, `:`, number of retries. Follow-up messages derive theirs from it,
   * so that a store or a backend can tell a second copy of the same step.
   */
  readonly messageId: string;
  /** MIME type of the body, such as `application/json`. */
  readonly contentType: string;
  /** `utf-8` for text, `binary` otherwise. */
  readonly contentEncoding: string;
  /** Copied into replies; for a task its id. */
  readonly correlationId?: string;
  /** Queue that replies go to, where results travel by message (`rpc:`). */
  readonly replyTo?: string;
  /** 0 to 9, 9 the most urgent, on every transport that has priorities. @default 0 */
  readonly priority?: number;
  /** Flow this message belongs to (a tenant, say). Keys are served round-robin where the store can (`fairness`). */
  readonly key?: string;
}

/** A message as transports move it. A transport knows nothing of tasks. */
export interface Message {
  readonly headers: Headers;
  readonly properties: MessageProperties;
  /** Opaque bytes. Neither side may change them once the message was handed over. */
  readonly body: Uint8Array;
}

/** Routing above queues: the message goes to every queue whose binding on this exchange matches. */
export interface ExchangeAddress {
  readonly exchange: string;
  readonly routingKey: string;
}

/**
 * Earliest delivery. `inMs` counts by the broker's clock, from the moment it accepts the message, and so does not depend
 * on the sender's clock; `atMs` is an instant (Unix ms) that the broker compares with its own clock.
 */
export type NotBefore = { readonly inMs: number } | { readonly atMs: number };

/** A message on its way to a queue or an exchange. */
export interface OutgoingMessage extends Message {
  /** A queue's name, or an exchange with a routing key. */
  readonly to: string | ExchangeAddress;
  /** Not delivered earlier, and at most 1.1 s later. @default at once */
  readonly notBefore?: NotBefore;
}
