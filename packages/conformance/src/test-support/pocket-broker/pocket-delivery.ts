import { checkDelay, hasCode, OptionError } from "@lovage/foundation";
import {
  deadLetterQueueOf,
  type DeadLetterReason,
  type Delivery,
  DeliverySettledError,
  LeaseLostError,
  type Message,
  type OutgoingMessage,
  type ReleaseOptions,
  withDeath,
} from "@lovage/transport";
import type { PocketBroker } from "./pocket-broker.ts";
import type { Entry, PocketQueue } from "./pocket-queue.ts";

/** What a delivery needs of its consumer. */
export interface DeliveryHost {
  readonly broker: PocketBroker;
  /** Waits until the connection may speak to the broker. */
  enter(): Promise<void>;
  check(batch: readonly OutgoingMessage[]): void;
  forget(delivery: PocketDelivery): void;
}

/** One lease on one entry of a {@link PocketQueue}. */
export class PocketDelivery implements Delivery {
  readonly queue: string;
  readonly message: Message;
  readonly token: string;
  readonly fence: number;
  readonly count: number;
  readonly redelivered: boolean;
  readonly entry: Entry;
  readonly #from: PocketQueue;
  readonly #consumer: DeliveryHost;
  readonly #controller = new AbortController();
  #settled = false;

  constructor(consumer: DeliveryHost, from: PocketQueue, entry: Entry) {
    this.#consumer = consumer;
    this.#from = from;
    this.entry = entry;
    this.queue = from.name;
    this.message = entry.message;
    this.fence = entry.fence;
    this.token = `${from.name}/${entry.place}/${entry.fence}`;
    this.count = entry.losses + 1;
    this.redelivered = entry.redelivered;
    entry.redelivered = true;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async ack(followUps: readonly OutgoingMessage[] = []): Promise<void> {
    await this.#settle(followUps, () => () => this.#from.remove(this.entry));
  }

  async release({ delayMs = 0 }: ReleaseOptions = {}): Promise<void> {
    checkDelay(delayMs);
    if (delayMs < 0) throw new OptionError(`delayMs is ${delayMs}.`, { field: "delayMs" });
    await this.#settle([], () => () => this.giveBack(delayMs));
  }

  async reject(reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = []): Promise<void> {
    const { broker } = this.#consumer;
    const bury = (): (() => void) => {
      const letters = broker.queue(deadLetterQueueOf(this.queue));
      const atMs = broker.clock.now();
      const dead = withDeath(this.message, { ...reason, queue: this.queue, count: this.count, atMs });
      return () => {
        this.#from.remove(this.entry);
        letters.add(dead, atMs, atMs);
      };
    };
    try {
      await this.#settle(followUps, bury);
    } catch (error) {
      // Nothing is left to try: its lease is to end.
      if (followUps.length === 0 && !hasCode(error, "DELIVERY_SETTLED")) this.abort();
      throw error;
    }
  }

  giveBack(delayMs: number): void {
    const nowMs = this.#consumer.broker.clock.now();
    Object.assign(this.entry, { state: delayMs > 0 ? "delayed" : "ready", atMs: nowMs + delayMs });
  }

  /** Whether the lease still stands; if not, tells the holder. */
  holds(): boolean {
    const { broker } = this.#consumer;
    const { state, fence, atMs } = this.entry;
    const isOurs = state === "unsettled" && fence === this.fence && atMs > broker.clock.now();
    if (isOurs && broker.queues.get(this.queue) === this.#from) return true;
    this.abort();
    return false;
  }

  abort(): void {
    this.#settled = true;
    this.#controller.abort(this.#lost());
    this.#consumer.forget(this);
  }

  /** @param prepare Throws where the broker refuses; the step it gives cannot fail. */
  async #settle(followUps: readonly OutgoingMessage[], prepare: () => () => void): Promise<void> {
    if (this.signal.aborted) throw this.#lost();
    if (this.#settled) throw new DeliverySettledError(this.message.properties.messageId);
    this.#settled = true;
    let step: () => void;
    try {
      this.#consumer.check(followUps);
      await Promise.race([this.#consumer.enter(), this.#aborted()]);
      if (!this.holds()) throw this.#lost();
      step = prepare();
      this.#consumer.broker.accept(followUps);
    } catch (error) {
      this.#settled = this.signal.aborted;
      throw error;
    }
    step();
    this.#consumer.forget(this);
    this.#consumer.broker.wake();
  }

  #aborted(): Promise<void> {
    return new Promise((resolve) => this.signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  #lost(): LeaseLostError {
    return new LeaseLostError({ queue: this.queue, messageId: this.message.properties.messageId });
  }
}
