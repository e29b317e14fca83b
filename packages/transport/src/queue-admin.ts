import type { Message } from "./message.ts";

/** Counts of one queue at one moment. A number the broker cannot tell is absent. */
export interface QueueStats {
  readonly queue: string;
  /** May be delivered now. */
  readonly ready: number;
  /** Waits for its `notBefore`. */
  readonly delayed?: number;
  /** Delivered and not settled. */
  readonly unsettled?: number;
  /** In the queue's dead-letter queue. */
  readonly dead?: number;
  /** Age of the oldest ready message, in ms. */
  readonly oldestReadyMs?: number;
}

/** Where a message of a queue is. */
export type MessageState = "ready" | "delayed" | "unsettled";

/** How a message died; kept in its header `x-lovage-death`. */
export interface DeathRecord {
  /** Queue it was rejected from, and goes back to when replayed. */
  readonly queue: string;
  /** See `DeadLetterReason.reason`. */
  readonly reason: string;
  readonly detail?: string;
  /** Deliveries so far, as `Delivery.count`. */
  readonly count: number;
  readonly atMs: number;
}

/** A message seen without being delivered. */
export interface BrowsedMessage {
  readonly queue: string;
  readonly message: Message;
  readonly state: MessageState;
  readonly count: number;
  /** When it becomes ready, for `delayed`, and when its lease ends, for `unsettled`. */
  readonly dueAtMs?: number;
  /** Only for messages of a dead-letter queue. */
  readonly death?: DeathRecord;
}

/** What of a queue to show. */
export interface BrowseOptions {
  /** @default "ready" */
  readonly state?: MessageState;
  /** 1 to 1 000. @default 100 */
  readonly limit?: number;
  /** `BrowsePage.next` of the page before. */
  readonly cursor?: string;
}

/** One page, in order of delivery as far as the store can. */
export interface BrowsePage {
  readonly messages: readonly BrowsedMessage[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** Which messages: those with these message ids, or the first so many. */
export type MessageSelection = { readonly messageIds: readonly string[] } | { readonly first: number };

/**
 * Looks at queues and mends them. Every method may be called in parallel, on queues this connection has not declared, and
 * throws `QUEUE_NOT_FOUND` for one that does not exist, `TRANSPORT_UNAVAILABLE` when the broker cannot be reached, `TRANSPORT_BUSY` when it puts the question off. Dead letters
 * are a queue like any other: give its name (`deadLetterQueueOf`).
 */
export interface QueueAdmin {
  /** Names of all queues that exist, without dead-letter queues, in order of name. */
  list(): Promise<readonly string[]>;
  /** Counts, in the order asked for. Not a snapshot over several queues. */
  inspect(queues: readonly string[]): Promise<readonly QueueStats[]>;
  /**
   * Removes what waits, never what is unsettled: what is ready, and what is delayed where `inspect` tells its number; elsewhere (RabbitMQ) the delayed
   * messages of all queues wait together and cannot be told apart. Returns how many.
   */
  purge(queue: string): Promise<number>;
  /** Removes a queue with all it holds and its bindings; a consumer that still holds a message of it gets `LEASE_LOST`. Idempotent. */
  delete(queue: string): Promise<void>;
  browse(queue: string, options?: BrowseOptions): Promise<BrowsePage>;
  /**
   * Moves dead letters back to the queue they came from, ready at once and as if for the first time (`replayOf`): their losses, what was noted of their
   * runs, and the time at which they would have expired are forgotten. Each move is atomic or publishes first. Returns how many. Unknown ids are passed over.
   * @throws OPTION_INVALID for a queue that holds no dead letters, and for a `first` that is no whole number
   */
  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number>;
  /**
   * Removes waiting messages for good. Returns how many. Unknown and unsettled ones are passed over.
   * @throws OPTION_INVALID for a `first` that is no whole number
   */
  drop(queue: string, selection: MessageSelection): Promise<number>;
}
