import type { Lease, RoutedMessage, Settlement, StoreEvents } from "@lovage/lease-engine";
import { Multimap, type Clock } from "@lovage/foundation";
import type { Binding, ExchangeDeclaration, Message, NotBefore } from "@lovage/transport";
import { deadLetterQueueOf, QueueNotFoundError, withDeath } from "@lovage/transport";

import { MemoryQueue } from "./memory-queue.ts";

/** What is bound to an exchange. */
export interface MemoryExchange {
  readonly exchange: ExchangeDeclaration;
  readonly bindings: readonly Binding[];
}

/** A broker in this process. Connections of one name share it. */
export class MemoryBroker {
  readonly clock: Clock;
  readonly exchanges: Map<string, MemoryExchange> = new Map();
  readonly channels: Multimap<string, (message: Message) => void> = new Multimap();
  readonly #queues = new Map<string, MemoryQueue>();
  /** Connections whose last claim found nothing, by queue. */
  readonly #sleepers = new Multimap<string, StoreEvents>();
  #seq = 0;
  #fence = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get queueNames(): readonly string[] {
    return [...this.#queues.keys()].toSorted();
  }

  find(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue as it is now: what is due counts as ready. @throws QUEUE_NOT_FOUND */
  require(name: string): MemoryQueue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new QueueNotFoundError(name);
    queue.promote(this.clock.monotonic());
    return queue;
  }

  /** The queue, made if it is not there. */
  ensure(name: string): MemoryQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new MemoryQueue({ name });
    this.#queues.set(name, queue);
    return queue;
  }

  delete(name: string): void {
    this.#queues.delete(name);
    this.#queues.delete(deadLetterQueueOf(name));
    for (const [exchange, { exchange: declaration, bindings }] of this.exchanges) {
      this.exchanges.set(exchange, { exchange: declaration, bindings: bindings.filter(({ queue }) => queue !== name) });
    }
  }

  readonly nextFence = (): number => {
    this.#fence += 1;
    return this.#fence;
  };

  publish(messages: readonly RoutedMessage[]): void {
    const nowMs = this.clock.monotonic();
    // Read beside the other once: read again for each message, later ones would be due early by the time the loop takes.
    const wallMs = this.clock.now();
    for (const { to, notBefore, headers, properties, body } of messages) {
      this.store(
        to,
        { headers, properties, body },
        notBefore === undefined ? nowMs : nowMs + waitOf(notBefore, wallMs),
      );
    }
    // After the whole batch: one claim then finds all of it.
    for (const { to } of messages) this.wake(to);
  }

  /** Puts a message into a queue, to be ready at an instant. Wakes nobody. */
  store(to: string, message: Message, atMs: number): void {
    const queue = this.ensure(to);
    const { priorities = true, fairness = true } = queue.declaration;
    this.#seq += 1;
    queue.add(
      {
        seq: this.#seq,
        message,
        priority: priorities ? (message.properties.priority ?? 0) : 0,
        key: fairness ? (message.properties.key ?? "") : "",
        losses: 0,
        redelivered: false,
        isSuspect: false,
        atMs,
        fence: 0,
      },
      atMs,
      this.clock.monotonic(),
    );
  }

  /** Ends one delivery. @returns whether its lease still counted */
  settle(name: string, settlement: Settlement): boolean {
    const queue = this.#queues.get(name);
    const stored = queue?.settle(settlement.lease);
    if (queue === undefined || stored === undefined) return false;
    const nowMs = this.clock.monotonic();
    if (settlement.kind === "release") {
      stored.redelivered = true;
      queue.add(stored, nowMs + settlement.delayMs, nowMs);
      this.wake(name);
    } else if (settlement.kind === "reject") {
      const { reason, message, count } = settlement;
      const deadQueue = deadLetterQueueOf(name);
      this.store(deadQueue, withDeath(message, { ...reason, queue: name, count, atMs: this.clock.now() }), nowMs);
      this.wake(deadQueue);
    }
    if (settlement.followUps !== undefined) this.publish(settlement.followUps);
    return true;
  }

  /** Whoever finds nothing in a queue is told once when that may have changed. */
  sleep(queue: string, events: StoreEvents): void {
    this.#sleepers.add(queue, events);
  }

  wake(queue: string): void {
    for (const events of this.#sleepers.take(queue)) events.wake(queue);
  }

  /** A connection was closed. */
  forget(events: StoreEvents): void {
    for (const queue of this.#sleepers.keys()) this.#sleepers.delete(queue, events);
  }
}

/** Leases of these settlements that were lost, `null` for none. */
export function lostLeases(
  broker: MemoryBroker,
  queue: string,
  settlements: readonly Settlement[],
): readonly Lease[] | null {
  let lost: Lease[] | null = null;
  for (const settlement of settlements) {
    if (!broker.settle(queue, settlement)) (lost ??= []).push(settlement.lease);
  }
  return lost;
}

/** How long a message has to wait. An instant becomes a wait when it is published: later steps of the wall clock do not move it. */
function waitOf(notBefore: NotBefore, wallMs: number): number {
  return "inMs" in notBefore ? notBefore.inMs : notBefore.atMs - wallMs;
}
