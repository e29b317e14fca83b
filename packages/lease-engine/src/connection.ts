import type { Clock, Log, StoreSchema } from "@lovage/foundation";
import { abortable, asError, ClosedError, errorText, UnderWay, within } from "@lovage/foundation";
import type {
  Broadcast,
  Capabilities,
  CloseOptions,
  Connection,
  ConnectionState,
  ConsumeOptions,
  Consumer,
  OutgoingMessage,
  PublishOptions,
  QueueAdmin,
  QueueCapabilities,
  Topology,
} from "@lovage/transport";
import { TransportUnavailableError } from "@lovage/transport";

import { ConsumerSet } from "./consuming/consumer-set.ts";
import { LeaseConsumer } from "./consuming/consumer.ts";
import { DeclaredTopology } from "./routing/declared-topology.ts";
import type { DeliveryOwner } from "./delivery.ts";
import { LeaseDelivery } from "./delivery.ts";
import { ExchangeRouter } from "./routing/exchange-router.ts";
import { GuardedAdmin } from "./guarded-admin.ts";
import { GuardedBroadcast } from "./guarded-broadcast.ts";
import { LeaseKeeper } from "./renewal/lease-keeper.ts";
import { MessageCheck } from "./routing/message-check.ts";
import { Publisher } from "./publishing/publisher.ts";
import type { RenewalThread } from "./renewal/renewal-thread.ts";
import type { LeaseSettings } from "./settings.ts";
import { Settler } from "./consuming/settler.ts";
import { StoreLink } from "./store-link.ts";
import type { ClaimedMessage, LeaseStore, StoreEvents } from "./store.ts";
import { SuspectGate } from "./consuming/suspect-gate.ts";
import { Sweeper } from "./sweeper.ts";

/** What a {@link LeaseConnection} is made of. The store is open. */
export interface LeaseConnectionOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: LeaseSettings;
  readonly thread: RenewalThread | undefined;
  /** Opens the store again, with the events that it was opened with at first. */
  readonly reopen: () => Promise<void>;
  readonly onState: (state: ConnectionState, cause?: Error) => void;
}

/** How long the store may take to close: what the consumers leave of the second that the contract allows. */
const closingMs = 250;
/** How long the way back waits for queues that the store lets wait, in ms. */
const patienceMs = 2_000;
/** With leases of an hour a second outage is no more to be missed than with the default of 30 s: what is told of the connection would be wrong for as long. */
const longestUnheardMs = 15_000;
/** How long what nobody took may take on its way back: as long as a consumer gives what it held. */
const returningMs = 700;

/** A connection over a lease store: wires the parts that each do one thing, and passes on what happens. */
export class LeaseConnection implements Connection, StoreEvents {
  readonly capabilities: Capabilities;
  readonly admin: QueueAdmin;
  readonly broadcast?: Broadcast;
  readonly schema?: StoreSchema;
  readonly serverTimeMs?: () => Promise<number>;
  readonly #options: LeaseConnectionOptions;
  readonly #link: StoreLink;
  readonly #topology: DeclaredTopology;
  readonly #check: MessageCheck;
  readonly #publisher: Publisher;
  readonly #consumers = new ConsumerSet();
  readonly #settlers = new Map<string, Settler>();
  readonly #gate: SuspectGate;
  readonly #keeper: LeaseKeeper;
  readonly #sweeper: Sweeper;
  readonly #guardedBroadcast: GuardedBroadcast | undefined;
  /** What nobody took, on its way back. */
  readonly #returns = new UnderWay();
  #closing: Promise<void> | undefined;

  constructor(options: LeaseConnectionOptions) {
    const { store, clock, log, settings, thread } = options;
    this.#options = options;
    this.capabilities = capabilitiesOf(store, settings);
    this.#link = new StoreLink({
      clock,
      log,
      open: options.reopen,
      close: () => store.close(),
      restore: () => this.#restore(),
      unheardMs: Math.min(settings.leaseMs / 2, longestUnheardMs),
      onState: (state, cause) => this.#onState(state, cause),
    });
    const link = this.#link;
    const router = new ExchangeRouter(store.bindings);
    this.#topology = new DeclaredTopology(store, router, { clock, log, patienceMs, closing: link.closing });
    this.#check = new MessageCheck(this.#topology, router, this.capabilities);
    this.#publisher = new Publisher({ store, link, clock, check: this.#check });
    const holders = (): readonly LeaseConsumer[] => this.#consumers.all;
    this.#gate = new SuspectGate(holders, clock, store);
    const expireSettlements = (endedByMs: number): void =>
      this.#settlers.forEach((settler) => settler.expire(endedByMs));
    this.#keeper = new LeaseKeeper({ store, link, clock, log, settings, holders, expireSettlements, thread });
    const groups = (): ReturnType<ConsumerSet["sweepGroups"]> => this.#consumers.sweepGroups(this.#topology.queues);
    const renewOwn = (): Promise<void> => this.#keeper.renewEnded();
    this.#sweeper = new Sweeper({ store, link, clock, log, sweepMs: settings.sweepMs, groups, renewOwn });
    this.admin = new GuardedAdmin(store.admin, {
      requireOpen: () => this.#requireOpen(),
      // One caller: a question that the store cannot bear, asked again and again, is no loss for all queues each time.
      onError: (error) => this.#link.report(error, store.admin),
      onDeleted: (queue) => this.#onDeleted(queue),
    });
    if (store.broadcast !== undefined)
      this.#guardedBroadcast = new GuardedBroadcast(store.broadcast, {
        requireOpen: () => this.#requireOpen(),
        maxMessageBytes: this.capabilities.maxMessageBytes,
      });
    if (this.#guardedBroadcast !== undefined) this.broadcast = this.#guardedBroadcast;
    if (store.schema !== undefined) this.schema = store.schema;
    const askTime = store.serverTimeMs?.bind(store);
    if (askTime !== undefined) this.serverTimeMs = () => this.#reporting(askTime);
  }

  get state(): ConnectionState {
    return this.#closing === undefined ? this.#link.state : "closed";
  }

  get isRepeating(): boolean {
    return [...this.#settlers.values()].some((settler) => settler.isRepeating);
  }

  capabilitiesOf(queue: string): QueueCapabilities {
    return this.#topology.capabilitiesOf(queue, this.capabilities);
  }

  declare(topology: Topology): Promise<void> {
    return this.#reporting(() => this.#topology.declare(topology));
  }

  publish(batch: readonly OutgoingMessage[], options?: PublishOptions): Promise<void> {
    try {
      this.#requireOpen();
      return this.#publisher.publish(batch, options);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#requireOpen();
    this.#topology.require(options.queue);
    const { queue } = options;
    const consumer = new LeaseConsumer(options, {
      ...this.#options,
      link: this.#link,
      leaseMs: this.#options.settings.leaseMs,
      check: this.#check,
      gate: this.#gate,
      keeper: this.#keeper,
      settler: this.#settlerOf(queue),
      redeclare: () => this.#topology.restore(),
      onDetached: (detached) => this.#onDetached(detached),
    });
    if (this.#link.state !== "open") {
      throw new TransportUnavailableError(`The broker is away; queue "${queue}" cannot be consumed yet.`, {
        cause: this.#link.cause,
      });
    }
    this.#consumers.add(consumer);
    this.#sweeper.start();
    // Later, so that the caller has its consumer before the first delivery.
    process.nextTick(() => consumer.resume());
    return consumer;
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { graceMs = 0 } = options;
    const isFirst = this.#closing === undefined;
    // A later call may shorten the grace of each.
    const parts = [...this.#consumers.all.map((consumer) => consumer.close(options)), this.#publisher.close(graceMs)];
    this.#closing ??= this.#close(Promise.all(parts));
    if (isFirst) this.#options.onState("closed");
    return this.#closing;
  }

  wake(queue?: string): void {
    this.#consumers.wake(queue);
  }

  deliver(queue: string, messages: readonly ClaimedMessage[], leasedAtMs: number): void {
    const rest = this.#consumers.deliver(queue, messages, leasedAtMs);
    if (rest.length > 0) this.#returns.add(this.#giveBack(queue, rest, leasedAtMs));
  }

  lost(cause: Error): void {
    this.#link.lose(cause);
  }

  /** What was handed over and nobody takes. Where it fails, the end of the lease does its work. */
  async #giveBack(queue: string, messages: readonly ClaimedMessage[], leasedAtMs: number): Promise<void> {
    const { store, log } = this.#options;
    try {
      if (this.#closing !== undefined) {
        // At once: nobody waits any more for what stands in line.
        const releases = messages.map(({ lease }) => ({ kind: "release", lease, delayMs: 0 }) as const);
        await store.settle(queue, releases);
      } else {
        const owner = this.#nobody(queue);
        await Promise.all(messages.map((message) => new LeaseDelivery(owner, message, leasedAtMs).release()));
      }
    } catch (error) {
      log.debug(`Messages of queue "${queue}" that nobody took could not be given back.`, {
        error: errorText(error),
      });
    }
  }

  /** The owner of what no consumer takes: it is settled in line with all else of its queue. */
  #nobody(queue: string): DeliveryOwner {
    return {
      queue,
      unsettled: 0,
      check: this.#check,
      store: this.#options.store,
      settle: (delivery, settlement) => this.#settlerOf(queue).settle(delivery, settlement),
      remove: () => {},
      refill: () => {},
      expectRoom: () => {},
    };
  }

  /** An error of the store is for the link to act on as well. */
  async #reporting<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    try {
      return await work();
    } catch (error) {
      this.#link.report(error);
      throw error;
    }
  }

  async #close(graceful: Promise<unknown>): Promise<void> {
    const { store, clock, thread } = this.#options;
    await Promise.all([graceful, within(clock, returningMs, this.#returns.over())]);
    this.#sweeper.stop();
    this.#gate.close();
    this.#keeper.close();
    for (const settler of this.#settlers.values()) settler.close();
    this.#link.close();
    const rest = [
      this.#guardedBroadcast?.close() ?? Promise.resolve(),
      thread?.close() ?? Promise.resolve(),
      store.close(),
    ];
    await within(clock, closingMs, Promise.allSettled(rest));
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError("The connection to the broker is closed.");
  }

  #settlerOf(queue: string): Settler {
    const known = this.#settlers.get(queue);
    if (known !== undefined) return known;
    const settler = new Settler(queue, {
      ...this.#options,
      link: this.#link,
      leaseMs: this.#options.settings.leaseMs,
      confirmedAtMs: (delivery) => this.#keeper.confirmedAtMs(delivery),
    });
    this.#settlers.set(queue, settler);
    return settler;
  }

  #onDeleted(queue: string): void {
    // What is consumed stays declared: it comes back when it is next needed.
    if (!this.#consumers.has(queue)) this.#topology.forget(queue);
  }

  #onDetached(consumer: LeaseConsumer): void {
    this.#consumers.delete(consumer);
    if (this.#consumers.isEmpty) this.#sweeper.stop();
  }

  async #restore(): Promise<void> {
    await this.#topology.restore();
    // A queue that has no answer keeps no other waiting: what it holds is renewed on.
    await within(this.#options.clock, patienceMs, abortable(this.#keeper.renewAll(), this.#link.closing));
  }

  #onState(state: ConnectionState, cause?: Error): void {
    if (this.#closing === undefined) this.#options.onState(state, cause);
    // A connection that closes waits for claims whose answers were lost as well.
    if (state !== "open") return;
    this.#gate.restart();
    this.#sweeper.restart();
    for (const consumer of this.#consumers.all) consumer.restart();
  }
}

/** What the store can do, within the limits that were set for this connection. */
function capabilitiesOf(store: LeaseStore, settings: LeaseSettings): Capabilities {
  const { capabilities } = store.facts;
  const maxMessageBytes = Math.min(capabilities.maxMessageBytes, settings.maxMessageBytes);
  return Object.freeze({ ...capabilities, maxMessageBytes });
}
