import type { Clock } from "@lovage/foundation";
import type { Connection, Consumer, Delivery } from "@lovage/transport";
import { PrefetchSizer } from "./prefetch-sizer.ts";
import type { PrefetchSizerOptions } from "./prefetch-sizer.ts";
import { wayBackOf, type WayBack } from "./way-back.ts";
import type { QueueHealth } from "../worker-health.ts";

/** What an intake is made of. */
export interface IntakeOptions extends PrefetchSizerOptions {
  readonly queue: string;
  readonly maxDeliveries: number;
  readonly clock: Clock;
  /** A delivery has come; it is in the buffer. */
  readonly onArrival: () => void;
  /** A message that was lost too often. */
  readonly onExhausted: (delivery: Delivery, intake: Intake) => void;
  /** A delivery is given back unused. */
  readonly giveBack: (delivery: Delivery) => void;
}

const compactAt = 1_024;

/** What a worker has fetched from one queue and not started yet. */
export class Intake {
  readonly queue: string;
  readonly #options: IntakeOptions;
  #sizer: PrefetchSizer;
  /** Of what is given back. */
  #wayBack: WayBack = "place";
  #consumer: Consumer | undefined;
  #buffer: Delivery[] = [];
  #head = 0;
  /** So many at the head have to be asked whether they were lost. */
  #aged = 0;
  #isOpen = true;
  #lastFetchedAtMs: number | undefined;
  /** By the monotonic clock, which is read anyway. */
  #lastSettledAtMs: number | undefined;

  constructor(options: IntakeOptions) {
    this.queue = options.queue;
    this.#options = options;
    this.#sizer = new PrefetchSizer(options);
  }

  get buffered(): number {
    return this.#buffer.length - this.#head;
  }

  /** Deliveries that were taken out of the buffer, and are not settled yet. */
  get #begun(): number {
    return (this.#consumer?.unsettled ?? 0) - this.buffered;
  }

  get health(): QueueHealth {
    const { clock } = this.#options;
    const agoMs = this.#lastSettledAtMs === undefined ? undefined : clock.monotonic() - this.#lastSettledAtMs;
    return {
      queue: this.queue,
      buffered: this.buffered,
      unsettled: this.#consumer?.unsettled ?? 0,
      prefetch: this.#sizer.prefetch,
      lastFetchedAtMs: this.#lastFetchedAtMs,
      lastSettledAtMs: agoMs === undefined ? undefined : Math.round(clock.now() - agoMs),
    };
  }

  /** Begins to fetch. @throws as `Connection.consume` */
  async open(connection: Connection): Promise<void> {
    const { queue, maxDeliveries, onExhausted } = this.#options;
    this.#wayBack = wayBackOf(connection, queue);
    if (this.#wayBack !== "place") this.#sizer = new PrefetchSizer({ ...this.#options, leastPerSlot: 1 });
    const consumer = await connection.consume({
      queue,
      maxDeliveries,
      prefetch: this.#sizer.prefetch,
      onDelivery: (delivery) => this.#take(delivery),
      onExhausted: (delivery) => onExhausted(delivery, this),
    });
    this.#consumer = consumer;
    // The worker was stopped while the broker was asked.
    if (!this.#isOpen) await consumer.close();
  }

  /** Takes the next one out of the buffer. */
  next(): Delivery | undefined {
    for (;;) {
      const delivery = this.#shift();
      if (delivery === undefined || this.#aged === 0) return delivery;
      this.#aged -= 1;
      if (!delivery.signal.aborted) return delivery;
    }
  }

  /** What waits now has waited long enough to have been lost meanwhile. Asking each delivery would cost more than most tasks. */
  age(): void {
    this.#aged = this.buffered;
  }

  /** Asks for what waits, which may be another's by now. `undefined` when there is nothing to ask. Never rejects. */
  recheck(): Promise<void> | undefined {
    return this.buffered === 0 ? undefined : this.#consumer?.recheck?.();
  }

  /** A task of this queue has run for so long. */
  measured(runtimeMs: number): void {
    if (this.#sizer.measured(runtimeMs)) this.#resize();
  }

  /**
   * No task of the worker has ended for so long, and all slots are taken: what waits here would wait behind long tasks, and is better off in the
   * queue, where an idle worker finds it. Nothing is fetched until `resume`, and what is on its way now goes back as well. A prefetch that was set is
   * left alone. Where a message does not come back as it was, long tasks are fetched as slots come free, so that of one queue nothing waits here. Beside the tasks of another queue
   * what would be counted is kept: it would be fetched, and given back, whenever a slot is free.
   */
  stall(sinceMs: number): void {
    if (this.#sizer.isFixed || this.#consumer === undefined) return;
    this.#sizer.stalled(sinceMs);
    const begun = this.#begun;
    const most = this.#wayBack === "counted" ? this.#sizer.least : begun;
    // What runs is held in any case: RabbitMQ would end the consumer for a change that changes nothing.
    this.#consumer.setPrefetch(this.#wayBack === "place" ? 0 : most);
    this.#trim(most - begun);
  }

  /** A slot is free again after `stall`. */
  resume(): void {
    if (!this.#sizer.isFixed && this.#isOpen) this.#consumer?.setPrefetch(this.#sizer.resize());
  }

  /** A delivery was settled at this instant of the monotonic clock. */
  settledAt(monotonicMs: number): void {
    this.#lastSettledAtMs = monotonicMs;
  }

  /**
   * Fetches no more and gives back what was not started. What was started may be settled until the grace has passed. Called again, it may
   * shorten the grace. Never rejects.
   */
  close(graceMs: number): Promise<void> {
    this.#isOpen = false;
    this.#trim(0);
    return this.#consumer?.close({ graceMs }) ?? Promise.resolve();
  }

  #shift(): Delivery | undefined {
    const delivery = this.#buffer[this.#head];
    if (delivery === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#buffer.length || this.#head >= compactAt) {
      this.#buffer = this.#buffer.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }

  #take(delivery: Delivery): void {
    if (!this.#isOpen) return this.#options.giveBack(delivery);
    if (this.buffered === 0) this.#lastFetchedAtMs = Math.round(this.#options.clock.now());
    this.#buffer.push(delivery);
    this.#options.onArrival();
  }

  #resize(): void {
    const before = this.#sizer.prefetch;
    const prefetch = this.#sizer.resize();
    if (prefetch === before || !this.#isOpen) return;
    this.#consumer?.setPrefetch(prefetch);
    if (this.#wayBack === "place") this.#trim(prefetch);
  }

  /** The latest go back first, so that the order stays; where they go to the end, the oldest do. */
  #trim(length: number): void {
    const given = this.#buffer.splice(this.#head + Math.max(0, length));
    if (this.#wayBack !== "end") given.reverse();
    for (const delivery of given) this.#options.giveBack(delivery);
  }
}
