import {
  DeliveryDecorator,
  DeliverySettledError,
  LeaseLostError,
  type DeadLetterReason,
  type Delivery,
  type OutgoingMessage,
  type ReleaseOptions,
  type Transact,
  type TransactedWork,
} from "@lovage/transport";

/**
 * Runs work in a transaction of the outbox's database, and writes in it that the message is done.
 * @throws LEASE_LOST when it was done before; all is rolled back
 */
export type TransactOnce = <T>(delivery: Delivery, work: WorkInTransaction<T>) => Promise<T>;

/** What {@link Transact} takes. */
export type WorkInTransaction<T> = (transaction: unknown) => Promise<TransactedWork<T>>;

/** A delivery of the broker that can also end in a transaction of the outbox's database. */
export class InboxedDelivery extends DeliveryDecorator {
  readonly transact: Transact;
  readonly #transactOnce: TransactOnce;
  /** While a settlement is under way, and once it is made, nothing else may settle it. */
  #isTaken = false;

  constructor(inner: Delivery, transactOnce: TransactOnce) {
    super(inner);
    this.#transactOnce = transactOnce;
    this.transact = (work) => this.#settle(() => this.#transactOnce(this.inner, work));
  }

  ack(followUps?: readonly OutgoingMessage[]): Promise<void> {
    return this.#settle(() => this.inner.ack(followUps));
  }

  release(options?: ReleaseOptions): Promise<void> {
    return this.#settle(() => this.inner.release(options));
  }

  reject(reason: DeadLetterReason, followUps?: readonly OutgoingMessage[]): Promise<void> {
    return this.#settle(() => this.inner.reject(reason, followUps));
  }

  async #settle<T>(settle: () => Promise<T>): Promise<T> {
    if (this.#isTaken) throw new DeliverySettledError(this.message.properties.messageId);
    this.#isTaken = true;
    try {
      return await settle();
    } catch (error) {
      this.#isTaken = false;
      throw error;
    }
  }
}

/** What is told of a delivery whose work was done before. */
export function doneBefore({ queue, message }: Delivery): LeaseLostError {
  return new LeaseLostError({ queue, messageId: message.properties.messageId });
}
