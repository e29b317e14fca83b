import type { CloseOptions, Connection, Consumer, ConsumeOptions, Delivery } from "@lovage/transport";

import type { Database } from "../database.ts";
import { mayBeSecond, receive } from "./inbox.ts";
import { InboxedDelivery, type TransactOnce } from "./inboxed-delivery.ts";

/** What a consumer works with. */
export interface InboxedConsumerOptions {
  readonly connection: Connection;
  readonly database: Database;
  readonly transactOnce: TransactOnce;
  /** Aborted when the connection closes. */
  readonly closing: AbortSignal;
}

interface Arrival {
  readonly inner: Delivery;
  readonly hand: (delivery: Delivery) => void;
}

/**
 * A consumer behind which an inbox stands: what may be a second copy waits until the inbox was asked, and with it what came after it, so that the order is kept. To
 * the broker all of it is unsettled, so it gives no more than the prefetch.
 */
export class InboxedConsumer implements Consumer {
  readonly #inner: Consumer;
  readonly #line: ArrivalLine;
  readonly #closing: AbortController;

  private constructor(inner: Consumer, line: ArrivalLine, closing: AbortController) {
    this.#inner = inner;
    this.#line = line;
    this.#closing = closing;
  }

  /** @throws what `Connection.consume` throws */
  static async open(options: ConsumeOptions, parts: InboxedConsumerOptions): Promise<InboxedConsumer> {
    const closing = new AbortController();
    const line = new ArrivalLine(parts, AbortSignal.any([parts.closing, closing.signal]));
    const { onDelivery, onExhausted } = options;
    const inner = await parts.connection.consume({
      ...options,
      onDelivery: (delivery) => line.add({ inner: delivery, hand: onDelivery }),
      ...(onExhausted === undefined
        ? {}
        : { onExhausted: (delivery) => line.add({ inner: delivery, hand: onExhausted }) }),
    });
    line.attach(inner);
    return new InboxedConsumer(inner, line, closing);
  }

  get queue(): string {
    return this.#inner.queue;
  }

  get prefetch(): number {
    return this.#inner.prefetch;
  }

  get unsettled(): number {
    return this.#inner.unsettled - this.#line.held;
  }

  setPrefetch(prefetch: number): void {
    this.#inner.setPrefetch(prefetch);
  }

  recheck(): Promise<void> | undefined {
    return this.#inner.recheck?.();
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing.abort();
    return this.#inner.close(options);
  }
}

/** Deliveries that wait for the inbox, in order. */
class ArrivalLine {
  readonly #parts: InboxedConsumerOptions;
  readonly #closing: AbortSignal;
  #waiting: Arrival[] = [];
  /** Of the arrivals that the inbox was asked about, those whose turn is still to come. */
  #undecided = 0;
  #consumer: Consumer | undefined;
  #isAsking = false;

  constructor(parts: InboxedConsumerOptions, closing: AbortSignal) {
    this.#parts = parts;
    this.#closing = closing;
  }

  /** Not handed out yet. */
  get held(): number {
    return this.#undecided + this.#waiting.length;
  }

  /** Told once it is there; some may have arrived before. */
  attach(consumer: Consumer): void {
    this.#consumer = consumer;
  }

  add(arrival: Arrival): void {
    if (!this.#isAsking && !mayBeSecond(arrival.inner)) return this.#hand(arrival);
    this.#waiting.push(arrival);
    if (!this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#undecided = batch.length;
      const deliveries = batch.map(({ inner }) => inner);
      const verdicts = await receive(this.#parts.database, deliveries, this.#closing);
      for (const [index, arrival] of batch.entries()) {
        this.#decide(arrival, verdicts?.[index]);
      }
    }
    this.#isAsking = false;
  }

  #decide(arrival: Arrival, passes: boolean | undefined): void {
    const isAboveCap = this.#isAboveCap();
    this.#undecided -= 1;
    const { inner } = arrival;
    const { log } = this.#parts.database;
    const { queue, message } = inner;
    const { messageId } = message.properties;
    // What cannot be given back comes by itself, and here again.
    const settled = (what: string) => (error: unknown) =>
      log.debug(`A message could not be ${what}.`, { queue, messageId, error: String(error) });
    if (passes === undefined || this.#closing.aborted || (passes && isAboveCap))
      return void inner.release().catch(settled("given back"));
    if (passes) return this.#hand(arrival);
    log.debug("A second copy was dropped.", { queue, messageId });
    inner.ack().catch((error: unknown) => {
      settled("dropped")(error);
      inner.release().catch(settled("given back"));
    });
  }

  /** The cap was lowered while they waited here, and what was handed out before fills it. */
  #isAboveCap(): boolean {
    if (this.#consumer === undefined) return false;
    const { unsettled, prefetch } = this.#consumer;
    return unsettled - this.held >= prefetch;
  }

  #hand({ inner, hand }: Arrival): void {
    hand(new InboxedDelivery(inner, this.#parts.transactOnce));
  }
}
