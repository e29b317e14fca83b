import { OptionError } from "@lovage/foundation";
import type { CloseOptions, ConsumeOptions, Consumer, Delivery, OutgoingMessage } from "@lovage/transport";
import type { PocketBroker } from "./pocket-broker.ts";
import { type DeliveryHost, PocketDelivery } from "./pocket-delivery.ts";
import type { Entry } from "./pocket-queue.ts";

/** What a consumer needs of its connection. */
export interface ConsumerHost {
  readonly broker: PocketBroker;
  readonly leaseMs: number;
  /** Waits until the connection may speak to the broker. */
  enter(): Promise<void>;
  check(batch: readonly OutgoingMessage[]): void;
  release(consumer: PocketConsumer): void;
}

/** Takes from one queue. */
export class PocketConsumer implements Consumer, DeliveryHost {
  readonly queue: string;
  readonly held = new Set<PocketDelivery>();
  readonly #host: ConsumerHost;
  readonly #options: ConsumeOptions;
  #prefetch: number;
  #closing: Promise<void> | undefined;

  constructor(host: ConsumerHost, options: ConsumeOptions) {
    this.#host = host;
    this.#options = options;
    this.queue = options.queue;
    this.#prefetch = options.prefetch;
  }

  get broker(): PocketBroker {
    return this.#host.broker;
  }

  get prefetch(): number {
    return this.#prefetch;
  }

  get unsettled(): number {
    return this.held.size;
  }

  /** Whether a message that may be its consumer's undoing is at work. */
  get holdsSuspect(): boolean {
    return [...this.held].some(({ entry }) => this.#isSuspect(entry));
  }

  setPrefetch(prefetch: number): void {
    if (!Number.isInteger(prefetch) || prefetch < 0) {
      throw new OptionError(`A prefetch is a whole number from 0, got ${prefetch}.`, { field: "prefetch" });
    }
    this.#prefetch = prefetch;
    queueMicrotask(() => this.broker.wake());
  }

  enter(): Promise<void> {
    return this.#host.enter();
  }

  check(batch: readonly OutgoingMessage[]): void {
    this.#host.check(batch);
  }

  forget(delivery: PocketDelivery): void {
    this.held.delete(delivery);
  }

  /** Whether a suspect waits that this consumer would take. */
  suspectWaits(): boolean {
    return this.#hasRoom() && this.#ready().some((entry) => this.#isSuspect(entry));
  }

  takeSuspect(): void {
    const suspect = this.#ready().find((entry) => this.#isSuspect(entry));
    if (suspect !== undefined) this.#take(suspect);
  }

  takeOrdinary(): void {
    while (this.#hasRoom()) {
      const next = this.#ready().find((entry) => !this.#isSuspect(entry));
      if (next === undefined) return;
      this.#take(next);
    }
  }

  abort(): void {
    for (const delivery of this.held) delivery.abort();
  }

  renew(): void {
    const endsAtMs = this.broker.clock.now() + this.#host.leaseMs;
    for (const delivery of this.held) if (delivery.holds()) delivery.entry.atMs = endsAtMs;
  }

  close({ graceMs = 0 }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const endsAtMs = this.broker.clock.monotonic() + graceMs;
    while (this.held.size > 0 && this.broker.clock.monotonic() < endsAtMs) await this.broker.clock.sleep(1);
    for (const delivery of this.held) {
      if (delivery.holds()) delivery.giveBack(0);
      delivery.abort();
    }
    this.#host.release(this);
    this.broker.wake();
  }

  #hasRoom(): boolean {
    return this.#closing === undefined && this.held.size < this.#prefetch;
  }

  #ready(): Entry[] {
    return this.broker.queues.has(this.queue) ? this.broker.queue(this.queue).ready() : [];
  }

  #isSuspect({ losses }: Entry): boolean {
    return losses > 0 && losses >= (this.#options.maxDeliveries ?? 3) - 1;
  }

  #take(entry: Entry): void {
    const queue = this.broker.queue(this.queue);
    queue.lease(entry, this.broker.clock.now() + this.#host.leaseMs);
    const delivery = new PocketDelivery(this, queue, entry);
    this.held.add(delivery);
    if (entry.losses < (this.#options.maxDeliveries ?? 3)) this.#options.onDelivery(delivery);
    else (this.#options.onExhausted ?? bury)(delivery);
  }
}

function bury(delivery: Delivery): void {
  // Refused only if the lease is lost, and then somebody else buries it.
  delivery.reject({ reason: "poison" }).catch(() => {});
}
