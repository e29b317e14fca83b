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
  #isWorking = false;

  constructor(inner: Delivery, transactOnce: TransactOnce) {
    super(inner);
    this.#transactOnce = transactOnce;
    this.transact = (work) => this.#transact(work);
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

  /** What is settled while the work goes on stands: the work is rolled back. */
  async #transact<T>(work: WorkInTransaction<T>): Promise<T> {
    if (this.#isTaken || this.#isWorking) throw this.#refusal();
    this.#isWorking = true;
    let hasWorked = false;
    try {
      return await this.#transactOnce(this.inner, async (transaction) => {
        const done = await work(transaction);
        if (this.#isTaken) throw this.#refusal();
        this.#isTaken = true;
        hasWorked = true;
        return done;
      });
    } catch (error) {
      if (hasWorked) this.#isTaken = false;
      throw error;
    } finally {
      this.#isWorking = false;
    }
  }

  #refusal(): DeliverySettledError {
    return new DeliverySettledError(this.message.properties.messageId);
  }

  async #settle<T>(settle: () => Promise<T>): Promise<T> {
    if (this.#isTaken) throw this.#refusal();
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
