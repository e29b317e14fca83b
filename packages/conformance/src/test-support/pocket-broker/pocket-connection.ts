import { checkName, ClosedError, OptionError, type Timer } from "@lovage/foundation";
import {
  type Broadcast,
  type Capabilities,
  checkBroadcast,
  checkChannel,
  checkMessage,
  type CloseOptions,
  type Connection,
  type ConnectionState,
  type ConsumeOptions,
  type Consumer,
  type OutgoingMessage,
  PublishTimeoutError,
  PublishUncertainError,
  type PublishOptions,
  type QueueCapabilities,
  QueueNotDeclaredError,
  type Topology,
  TransactionUnsupportedError,
} from "@lovage/transport";
import { PocketAdmin } from "./pocket-admin.ts";
import type { PocketBroker } from "./pocket-broker.ts";
import { type ConsumerHost, PocketConsumer } from "./pocket-consumer.ts";

const tickMs = 10;

/** What a pocket broker can do: everything but transactions. */
export const pocketCapabilities: Capabilities = Object.freeze({
  reach: "process",
  durability: "process",
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
  maxMessageBytes: 262_144,
});

/** A connection that can be frozen, and looks at its queues every few milliseconds. */
export class PocketConnection implements Connection, ConsumerHost {
  readonly capabilities: Capabilities = pocketCapabilities;
  readonly broker: PocketBroker;
  readonly leaseMs: number;
  readonly admin: PocketAdmin;
  readonly broadcast: Broadcast;
  state: ConnectionState = "open";
  readonly #declared = new Set<string>();
  readonly #topologies: Topology[] = [];
  readonly #renews: boolean;
  /** Rejects when the connection is closed, for those who wait for an answer. */
  readonly #gone: Promise<never>;
  #leave: (reason: Error) => void = () => {};
  readonly #consumers = new Set<PocketConsumer>();
  readonly #wake = (): void => this.#fill();
  #timer: Timer;
  #thawed: Promise<void> | undefined;
  #thaw: () => void = () => {};
  #publishing = 0;
  #renewAtMs: number;
  #closing: Promise<void> | undefined;

  /** With `renews: false` it forgets to renew its leases. */
  constructor(broker: PocketBroker, { leaseMs, renews }: { readonly leaseMs: number; readonly renews: boolean }) {
    this.broker = broker;
    this.leaseMs = leaseMs;
    this.#renews = renews;
    this.#gone = new Promise((_, reject) => (this.#leave = reject));
    this.#gone.catch(() => {});
    this.admin = new PocketAdmin(broker, () => this.enter());
    this.broadcast = broadcastOn(broker);
    this.#renewAtMs = broker.clock.monotonic() + leaseMs / 3;
    this.#timer = broker.clock.timer(tickMs, () => this.#tick());
    broker.wakes.add(this.#wake);
  }

  capabilitiesOf(_queue: string): QueueCapabilities {
    return this.capabilities;
  }

  async declare(topology: Topology): Promise<void> {
    for (const { name } of topology.queues ?? []) checkName(name, { kind: "queue" });
    for (const { name } of topology.exchanges ?? []) checkName(name, { kind: "exchange" });
    await this.enter();
    this.broker.declare(topology);
    this.#topologies.push(topology);
    for (const { name } of topology.queues ?? []) this.#declared.add(name);
  }

  async publish(batch: readonly OutgoingMessage[], options: PublishOptions = {}): Promise<void> {
    if (this.#closing !== undefined) throw new ClosedError("The connection is closed.");
    if (options.transaction !== undefined) throw new TransactionUnsupportedError("There are no transactions.");
    this.check(batch);
    const error = new PublishTimeoutError("The broker did not answer in time.");
    const deadline = this.broker.clock.deadline(options.timeoutMs ?? 30_000, { reason: error });
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener("abort", () => reject(error), { once: true });
    });
    this.#publishing += 1;
    try {
      await Promise.race([this.#thawed, late, this.#gone]);
      this.broker.accept(batch);
    } finally {
      this.#publishing -= 1;
      deadline.cancel();
    }
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    if (!this.#declared.has(options.queue)) throw new QueueNotDeclaredError(options.queue);
    const consumer = new PocketConsumer(this, options);
    consumer.setPrefetch(options.prefetch);
    if (options.prefetch === 0) throw new OptionError("A prefetch is 1 or more.", { field: "prefetch" });
    await this.enter();
    this.#consumers.add(consumer);
    return consumer;
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  /** As SIGSTOP does: nothing is renewed, taken or answered until the thaw. */
  freeze(): () => void {
    this.#timer.cancel();
    this.broker.wakes.delete(this.#wake);
    this.#thawed = new Promise((resolve) => (this.#thaw = resolve));
    return () => {
      this.#thawed = undefined;
      this.#thaw();
      if (this.state === "closed") return;
      this.broker.wakes.add(this.#wake);
      this.#tick();
    };
  }

  /** As a black hole does: nothing is answered, and leases that cannot be renewed end. */
  stall(): () => void {
    const thaw = this.freeze();
    const lapse = this.broker.clock.timer(this.leaseMs, () => {
      for (const consumer of this.#consumers) consumer.abort();
    });
    return () => {
      lapse.cancel();
      thaw();
    };
  }

  /** Loses its broker for a moment. */
  cut(): void {
    if (this.state !== "open") return;
    const thaw = this.freeze();
    this.state = "reconnecting";
    this.broker.clock.timer(50, () => {
      if (this.state === "reconnecting") this.state = "open";
      for (const topology of this.#topologies) this.broker.declare(topology);
      thaw();
    });
  }

  async enter(): Promise<void> {
    if (this.state === "closed") throw new ClosedError("The connection is closed.");
    await this.#thawed;
  }

  check(batch: readonly OutgoingMessage[]): void {
    for (const message of batch) {
      if (typeof message.to === "string" && !this.#declared.has(message.to))
        throw new QueueNotDeclaredError(message.to);
      checkMessage(message, this.capabilities);
      this.broker.route(message);
    }
  }

  release(consumer: PocketConsumer): void {
    this.#consumers.delete(consumer);
  }

  async #close(options: CloseOptions): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close(options)));
    while (this.#publishing > 0 && this.#thawed === undefined) await this.broker.clock.sleep(1);
    this.state = "closed";
    this.#leave(new PublishUncertainError("The connection was closed before the broker answered."));
    this.#timer.cancel();
    this.broker.wakes.delete(this.#wake);
  }

  #tick(): void {
    this.#timer.cancel();
    this.#timer = this.broker.clock.timer(tickMs, () => this.#tick());
    for (const queue of this.broker.queues.values()) queue.refresh(this.broker.clock.now());
    this.broker.dropExpired();
    if (this.broker.clock.monotonic() >= this.#renewAtMs) this.#renew();
    this.#fill();
  }

  #renew(): void {
    this.#renewAtMs = this.broker.clock.monotonic() + this.leaseMs / 3;
    if (this.#renews) for (const consumer of this.#consumers) consumer.renew();
  }

  #fill(): void {
    const consumers = [...this.#consumers];
    if (consumers.some((consumer) => consumer.holdsSuspect)) return;
    const suspected = consumers.find((consumer) => consumer.suspectWaits());
    if (suspected === undefined) for (const consumer of consumers) consumer.takeOrdinary();
    else if (consumers.every((consumer) => consumer.unsettled === 0)) suspected.takeSuspect();
  }
}

function broadcastOn({ channels }: PocketBroker): Broadcast {
  return {
    async publish(channel, message): Promise<void> {
      checkBroadcast(channel, message, pocketCapabilities.maxMessageBytes);
      await Promise.resolve();
      for (const listener of channels.get(channel)) listener(message);
    },
    async subscribe(channel, listener) {
      checkChannel(channel);
      const own = (message: Parameters<typeof listener>[0]): void => listener(message);
      channels.add(channel, own);
      await Promise.resolve();
      return { close: async () => void (await Promise.resolve(channels.delete(channel, own))) };
    },
  };
}
