/** Whose programs read a queue; decides the layout on brokers that Celery uses too. */
export type QueueConsumers = "lovage" | "celery" | "mixed";

/** A queue as a program wants it. Declaring is idempotent. */
export interface QueueDeclaration {
  readonly name: string;
  /** @default "lovage" */
  readonly consumers?: QueueConsumers;
  /**
   * Serve the keys of this queue round-robin. Asking for `true` where the store cannot is refused.
   * @default whatever the transport can
   */
  readonly fairness?: boolean;
  /** Order by priority. Asking for `true` where the broker cannot is refused. @default whatever the transport can */
  readonly priorities?: boolean;
  /** How long dead letters of this queue are kept, in ms. @default 14 days */
  readonly deadLetterRetentionMs?: number;
  /** Options only one driver knows, such as `{ queueType: "quorum" }`; the driver checks them. */
  readonly driver?: Readonly<Record<string, unknown>>;
}

/** How an exchange chooses queues: equal key, pattern with `*` (one word) and `#` (any number of words), or all. */
export type ExchangeType = "direct" | "topic" | "fanout";

/** An exchange as a program wants it. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: ExchangeType;
}

/** Makes messages of an exchange go to a queue. */
export interface Binding {
  readonly exchange: string;
  readonly queue: string;
  /** Equal key (direct), pattern (topic), ignored (fanout). @default "" */
  readonly routingKey?: string;
}

/** Everything one call of `declare` may ask for; declared in the order queues, exchanges, bindings. */
export interface Topology {
  readonly queues?: readonly QueueDeclaration[];
  readonly exchanges?: readonly ExchangeDeclaration[];
  readonly bindings?: readonly Binding[];
}

/** Ending of the name of a queue's dead-letter queue. */
export const DEAD_LETTER_SUFFIX = ".dead";

/** The queue that rejected messages of `queue` go to. What is rejected out of a dead-letter queue stays in it. */
export function deadLetterQueueOf(queue: string): string {
  return isDeadLetterQueue(queue) ? queue : `${queue}${DEAD_LETTER_SUFFIX}`;
}

/** Whether `queue` holds dead letters. */
export function isDeadLetterQueue(queue: string): boolean {
  return queue.endsWith(DEAD_LETTER_SUFFIX);
}
