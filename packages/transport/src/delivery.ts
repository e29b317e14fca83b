import type { Message, OutgoingMessage } from "./message.ts";

/** Why a message became a dead letter. Written with the message, shown by `browse`. */
export interface DeadLetterReason {
  /** Stable word: `failed`, `rejected`, `poison`, `undecodable`, `invalid`, `unknown-task`, or a word of the user's own. */
  readonly reason: string;
  /** One or two sentences for a person, secrets masked. Cut at 2 KiB. */
  readonly detail?: string;
}

/** How a message is given back. */
export interface ReleaseOptions {
  /** Not delivered again earlier than this, by the broker's clock. @default 0 */
  readonly delayMs?: number;
}

/**
 * One message in the hands of one consumer, under a lease that the transport keeps renewed until it is settled.
 *
 * Exactly one of `ack`, `release` and `reject` settles it; a second call rejects with `DELIVERY_SETTLED`. All three may be
 * called in any order over many deliveries, in parallel, and after the consumer was closed (until its deadline). They are
 * batched: the promise resolves once the broker has recorded the settlement. While the broker is away the settlement is
 * repeated for as long as the lease can still be valid.
 *
 * | settled by | the message | counted as a loss |
 * |---|---|---|
 * | ack | is gone; its follow-ups are accepted | – |
 * | release | is ready again, at its old place in order as far as the store can | no |
 * | reject | is in the dead-letter queue | – |
 * | nothing (crash, lost lease) | is ready again once the lease has ended | yes |
 */
export interface Delivery {
  /** Queue it came from. */
  readonly queue: string;
  readonly message: Message;
  /** Names this delivery, and no other of the same message; for logs and for user code that fences its own writes. */
  readonly token: string;
  /** Grows with every delivery of the same message: the newer of two deliveries has the larger fence. A safe integer. */
  readonly fence: number;
  /** 1 for a message never lost, 2 after one loss …; releases are not counted. */
  readonly count: number;
  /** It was given out before, whether it was lost or released. Where that consumer was just closing, nobody has seen it. */
  readonly redelivered: boolean;
  /** Aborted with a `LeaseLostError` once the lease is lost, and when the consumer's closing deadline has passed. */
  readonly signal: AbortSignal;
  /**
   * Removes the message; it was dealt with. Follow-ups (a retry, the next step of a chain) are accepted with it: both or
   * neither where `atomicHandOver`, else the follow-ups first.
   * @throws LEASE_LOST: nothing happened, another consumer has it or will. DELIVERY_SETTLED: settled before.
   * @throws what `publish` throws for a bad follow-up; the delivery is then still unsettled.
   */
  ack(followUps?: readonly OutgoingMessage[]): Promise<void>;
  /** Gives it back, at once or after a delay; not a loss. @throws LEASE_LOST, DELIVERY_SETTLED */
  release(options?: ReleaseOptions): Promise<void>;
  /** Moves it to the dead-letter queue, with follow-ups as `ack` has them. @throws LEASE_LOST, DELIVERY_SETTLED */
  reject(reason: DeadLetterReason, followUps?: readonly OutgoingMessage[]): Promise<void>;
  /**
   * Optional, where the store is a database of the user's: runs `work` in a transaction of the store and acknowledges in it, so that rows of the
   * user's, follow-ups and the fenced acknowledgement commit together. `work` is given the transaction as `PublishOptions.transaction` takes it, and must not end it. When
   * `work` throws, all is rolled back, what it threw is thrown on, and the delivery stays unsettled. While it goes on nothing else settles the delivery, and `signal` tells when the lease is lost.
   * @throws LEASE_LOST: rolled back, another consumer has it or will. TRANSPORT_UNAVAILABLE: rolled back. PUBLISH_UNCERTAIN: the connection
   * broke during the commit; a later settlement tells by `LEASE_LOST` that it was committed. DELIVERY_SETTLED
   */
  readonly transact?: Transact | undefined;
}

/** What the work of a transaction gives. */
export interface TransactedWork<T> {
  readonly value: T;
  /** As `Delivery.ack` has them. */
  readonly followUps?: readonly OutgoingMessage[];
}

/** See {@link Delivery.transact}. */
export type Transact = <T>(work: (transaction: unknown) => Promise<TransactedWork<T>>) => Promise<T>;
