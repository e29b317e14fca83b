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
  /**
   * Another consumer is at work on the very same copy ({@link Delivery.copyId}): this delivery is let go, and the copy stays where it is, for the other to settle. If that one is
   * lost, the copy comes again when its leases have ended. A transport whose deliveries have no `copyId` takes no notice. @default false
   */
  readonly isDouble?: boolean;
}

/**
 * One message in the hands of one consumer, under a lease that the transport keeps renewed until it is settled.
 *
 * Exactly one of `ack`, `release` and `reject` settles it; a second call rejects with `DELIVERY_SETTLED`. All three may be
 * called in any order over many deliveries, in parallel, and after the consumer was closed (until its deadline). They are
 * batched: the promise resolves once the broker has recorded the settlement. While the broker is away the settlement is
 * repeated for as long as the lease can still be valid.
 *
 * What the broker refuses for good is thrown on. After an `ack`, or a `reject` with follow-ups, the delivery is then unsettled and can be settled otherwise;
 * who does not, keeps the message from everybody. A `release`, and a `reject` without follow-ups, are the last word: refused with an error that is not
 * `retryable`, they let the message go. It is renewed no more, its signal is aborted, and it comes again when its lease has ended.
 *
 * | settled by | the message | counted as a loss |
 * |---|---|---|
 * | ack | is gone; its follow-ups are accepted | – |
 * | release | is ready again, at its old place in order as far as the store can | no |
 * | reject | is in the dead-letter queue | – |
 * | nothing (crash, lost lease, refused last word) | is ready again once the lease has ended | yes |
 */
export interface Delivery {
  /** Queue it came from. */
  readonly queue: string;
  readonly message: Message;
  /** Names this delivery, and no other of the same message; for logs and for user code that fences its own writes. */
  readonly token: string;
  /**
   * Grows with every delivery of the same message: the newer of two deliveries has the larger fence. So does that of a follow-up with the same message id for the
   * same queue, which takes the place of the message. A safe integer.
   */
  readonly fence: number;
  /**
   * Names the broker's copy of the message, where the broker may hand out one copy twice (`doublesWithinMs`): both deliveries have the same, a message that was sent twice has two.
   * Absent where it does not.
   */
  readonly copyId?: string | undefined;
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
  /** Gives it back, at once or after a delay; not a loss. @throws LEASE_LOST, DELIVERY_SETTLED, what the broker refuses it by; it is let go then */
  release(options?: ReleaseOptions): Promise<void>;
  /** Moves it to the dead-letter queue, with follow-ups as `ack` has them. @throws LEASE_LOST, DELIVERY_SETTLED, what the broker refuses it by; without follow-ups it is let go then */
  reject(reason: DeadLetterReason, followUps?: readonly OutgoingMessage[]): Promise<void>;
  /**
   * Optional, where the store is a database of the user's: runs `work` in a transaction of the store and acknowledges in it, so that rows of the
   * user's, follow-ups and the fenced acknowledgement commit together. `work` is given the transaction as `PublishOptions.transaction` takes it, and must not end it. When
   * `work` throws, all is rolled back, what it threw is thrown on, and the delivery stays unsettled. While it goes on `signal` tells when the lease is lost, and the delivery may be settled otherwise, for
   * whoever cannot wait for its end: that stands, and all that `work` has done is rolled back.
   * @throws LEASE_LOST: rolled back, another consumer has it or will. TRANSPORT_UNAVAILABLE: rolled back. PUBLISH_UNCERTAIN: the connection
   * broke during the commit; a later settlement tells by `LEASE_LOST` that it was committed. DELIVERY_SETTLED: rolled back
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
