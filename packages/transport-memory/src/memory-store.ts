import type { Clock } from "@lovage/foundation";
import { ClosedError } from "@lovage/foundation";
import type {
  BindingStore,
  Claim,
  ClaimRequest,
  Lease,
  LeaseStore,
  RoutedMessage,
  Settlement,
  StoreEvents,
  StoreFacts,
  SweepOutcome,
  SweepRequest,
  Unrenewed,
} from "@lovage/lease-engine";
import type { Broadcast, Capabilities, QueueAdmin, QueueDeclaration } from "@lovage/transport";
import { deadLetterQueueOf, FeatureUnsupportedError, isDeadLetterQueue } from "@lovage/transport";

import { acquireBroker, releaseBroker } from "./broker-registry.ts";
import { MemoryAdmin } from "./memory-admin.ts";
import { MemoryBindings } from "./memory-bindings.ts";
import { MemoryBroadcast } from "./memory-broadcast.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import { lostLeases } from "./memory-broker.ts";

const capabilities: Capabilities = Object.freeze<Capabilities>({
  reach: "process",
  durability: "none",
  fencing: "token",
  recovery: "lease",
  order: "queue",
  priorities: true,
  fairness: true,
  delayHorizonMs: Infinity,
  exchanges: "stored",
  atomicHandOver: true,
  atomicPublish: true,
  transactions: null,
  broadcast: true,
  browse: "all",
  countsLosses: true,
  maxMessageBytes: Infinity,
});

const facts: StoreFacts = Object.freeze<StoreFacts>({
  capabilities,
  publishesInFlight: 1,
  maxBatch: 10_000,
  handsOver: false,
  fallbackPollMs: Infinity,
});

const deadLettersKeptMs = 14 * 86_400_000;

/** One connection to a broker in this process. Every method does its work before it returns its promise. */
export class MemoryStore implements LeaseStore {
  readonly facts: StoreFacts = facts;
  readonly admin: QueueAdmin;
  readonly bindings: BindingStore;
  readonly broadcast: Broadcast;
  readonly #name: string;
  readonly #clock: Clock;
  #broker: MemoryBroker | undefined;
  #events: StoreEvents | undefined;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
    const broker = (): MemoryBroker => this.#open();
    this.admin = new MemoryAdmin(broker);
    this.bindings = new MemoryBindings(broker);
    this.broadcast = new MemoryBroadcast(broker);
  }

  async open(events: StoreEvents): Promise<void> {
    this.#events = events;
    this.#broker ??= acquireBroker(this.#name, this.#clock);
  }

  async declare(queues: readonly QueueDeclaration[]): Promise<void> {
    for (const { name, driver = {} } of queues) {
      const [option] = Object.keys(driver);
      if (option !== undefined)
        throw new FeatureUnsupportedError(
          `Queue "${name}" asks for ${option}, which the memory transport does not know.`,
        );
    }
    for (const queue of queues) {
      this.#open().ensure(queue.name).declaration = queue;
      this.#open().ensure(deadLetterQueueOf(queue.name));
    }
  }

  async publish(messages: readonly RoutedMessage[]): Promise<void> {
    this.#open().publish(messages);
  }

  async claim(request: ClaimRequest): Promise<Claim> {
    const broker = this.#open();
    const found = broker.find(request.queue)?.claim(request, broker.clock.monotonic(), broker.nextFence);
    const claim = found ?? { messages: [], suspectsWait: false };
    if (claim.messages.length === 0 && !request.suspects && this.#events !== undefined)
      broker.sleep(request.queue, this.#events);
    return claim;
  }

  async suspectsWait(queue: string): Promise<boolean> {
    return this.#open().find(queue)?.suspectsWait ?? false;
  }

  async extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    const broker = this.#open();
    const untilMs = broker.clock.monotonic() + leaseMs;
    const lost = leases.filter((lease) => broker.find(queue)?.extend(lease, untilMs) !== true);
    return lost.length > 0 ? { lost } : null;
  }

  async settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    return lostLeases(this.#open(), queue, settlements);
  }

  async sweep({ queues, suspectAfter, max }: SweepRequest): Promise<SweepOutcome> {
    const broker = this.#open();
    const nowMs = broker.clock.monotonic();
    let recovered = 0;
    for (const name of queues) {
      const queue = broker.find(name);
      if (queue === undefined) continue;
      const found = queue.recover(nowMs, suspectAfter, max - recovered);
      if (found > 0) broker.wake(name);
      recovered += found;
      if (!isDeadLetterQueue(name))
        this.#dropExpired(name, queue.declaration.deadLetterRetentionMs ?? deadLettersKeptMs);
    }
    return { recovered, more: recovered === max };
  }

  async close(): Promise<void> {
    const { broker, events } = { broker: this.#broker, events: this.#events };
    if (broker === undefined) return;
    if (events !== undefined) broker.forget(events);
    this.#broker = undefined;
    releaseBroker(this.#name, this.#clock);
  }

  #open(): MemoryBroker {
    if (this.#broker === undefined) throw new ClosedError("The connection to the broker in memory is closed.");
    return this.#broker;
  }

  #dropExpired(name: string, keptMs: number): void {
    const dead = this.#open().find(deadLetterQueueOf(name));
    if (dead === undefined || dead.count("ready") === 0) return;
    const beforeMs = this.#clock.monotonic() - keptMs;
    dead.remove(dead.list("ready").filter(({ atMs }) => atMs <= beforeMs));
  }
}
