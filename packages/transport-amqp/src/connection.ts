import { AmqpLink, CallChannel } from "@lovage/client-amqp";
import type { AmqpSession, AmqpTarget, LinkState } from "@lovage/client-amqp";
import type { DriverContext } from "@lovage/foundation";
import { asError, ClosedError, GracePeriod, within } from "@lovage/foundation";
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

import { AmqpAdmin } from "./admin.ts";
import { AmqpBroadcast } from "./broadcast.ts";
import { amqpCapabilities } from "./capabilities.ts";
import { AmqpConsumer } from "./consuming/consumer.ts";
import { DeclaredTopology } from "./topology/declared-topology.ts";
import { Delays } from "./topology/delays.ts";
import { deliveryLimitWarning } from "./wire/delivery-limit.ts";
import { toTransportError } from "./errors.ts";
import type { ParsedTransportOptions } from "./options.ts";
import { Publisher } from "./publishing/publisher.ts";
import { formCapabilities } from "./wire/queue-form.ts";
import { SuspectGate } from "./consuming/suspect-gate.ts";
import { UnsettledOriginals } from "./consuming/unsettled-originals.ts";

/** What an {@link AmqpConnection} is made of. */
export interface ConnectionOptions extends DriverContext {
  readonly target: AmqpTarget;
  readonly options: ParsedTransportOptions;
  readonly onState: (state: ConnectionState, cause?: Error) => void;
}

/** How long the sockets may take to close: what the consumers leave of the second that the contract allows. */
const closingMs = 250;
const defaultSweepMs = 5_000;
const defaultMaxMessageBytes = 262_144;

/**
 * A connection to RabbitMQ, over two sockets: one that publishes and asks, and, once something is consumed, one that consumes. A server under alarm stops
 * reading from who publishes; acknowledgements must get through all the same, and what a consumer declares before it begins.
 */
export class AmqpConnection implements Connection {
  readonly capabilities: Capabilities;
  readonly admin: QueueAdmin;
  readonly broadcast: Broadcast;
  readonly #options: ConnectionOptions;
  readonly #link: AmqpLink;
  readonly #topology: DeclaredTopology;
  readonly #publisher: Publisher;
  readonly #admin: AmqpAdmin;
  readonly #gate: SuspectGate;
  readonly #originals = new UnsettledOriginals();
  readonly #consumers = new Set<AmqpConsumer>();
  /** Bounds the wait for what is being published when the connection closes. */
  readonly #publishing: GracePeriod;
  #consumingLink: Promise<AmqpLink> | undefined;
  #openedConsumingLink: AmqpLink | undefined;
  #consumingCalls: CallChannel | undefined;
  /** Ends a link that is still being opened. */
  readonly #ending = new AbortController();
  #lastState: ConnectionState = "open";
  #closing: Promise<void> | undefined;

  private constructor(options: ConnectionOptions, link: AmqpLink, parts: { readonly hub: Hub }) {
    const { clock, log } = options;
    const {
      queueType,
      maxPriority,
      consumerTimeout,
      maxMessageBytes = defaultMaxMessageBytes,
      sweep = defaultSweepMs,
    } = options.options;
    this.#options = options;
    this.#link = link;
    this.#publishing = new GracePeriod(clock);
    this.capabilities = amqpCapabilities({ ...options.options, maxMessageBytes });
    const calls = new CallChannel(link);
    const defaults = { queueType, maxPriority, consumerTimeout };
    this.#topology = new DeclaredTopology({ calls, log, defaults, serverVersion: link.session?.serverVersion });
    const topology = this.#topology;
    const delays = new Delays(calls, topology, clock);
    this.#publisher = new Publisher({ link, calls, topology, delays, clock, log, limits: this.capabilities });
    const isClosed = (): boolean => this.#closing !== undefined;
    this.#admin = new AmqpAdmin({
      link,
      calls,
      topology,
      delays,
      publisher: this.#publisher,
      clock,
      isClosed,
      isConsumed: (queue) => [...this.#consumers].some((consumer) => consumer.queue === queue),
    });
    this.admin = this.#admin;
    const send = (exchange: string, message: Parameters<Broadcast["publish"]>[1]): Promise<void> =>
      this.#publisher.send(exchange, message);
    const broadcast = new AmqpBroadcast({ link, calls, clock, log, isClosed, maxMessageBytes, send });
    this.broadcast = broadcast;
    this.#gate = new SuspectGate({ clock, log, sweepMs: sweep, members: () => [...this.#consumers] });
    this.#follow(link, parts.hub, { delays, broadcast });
  }

  /** Has every part go on over each session of the link, the present one and those that come after a loss. */
  #follow(link: AmqpLink, hub: Hub, { delays, broadcast }: { delays: Delays; broadcast: AmqpBroadcast }): void {
    const use = (session: AmqpSession): void => {
      delays.forget();
      this.#publisher.use(session);
      broadcast.use(session);
    };
    hub.target = {
      restore: (session) => this.#topology.restore(session),
      use,
      onState: (state, cause) => this.#onLinkState(state, cause),
    };
    if (link.session !== undefined) use(link.session);
  }

  /** @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED */
  static async open(options: ConnectionOptions): Promise<AmqpConnection> {
    const hub = new Hub();
    const { target, clock, log, name } = options;
    try {
      const link = await AmqpLink.open({
        target,
        clock,
        log,
        name: `${name} (publishes)`,
        prepare: async (session) => await hub.target?.restore(session),
        onSession: (session) => hub.target?.use(session),
        onState: (state, cause) => hub.target?.onState(state, cause),
      });
      return new AmqpConnection(options, link, { hub });
    } catch (error) {
      throw toTransportError(error);
    }
  }

  get state(): ConnectionState {
    if (this.#closing !== undefined) return "closed";
    const links = [this.#link, this.#openedConsumingLink];
    return links.every((link) => link === undefined || link.state === "open") ? "open" : "reconnecting";
  }

  capabilitiesOf(queue: string): QueueCapabilities {
    return { ...this.capabilities, ...formCapabilities(this.#topology.formOf(queue)) };
  }

  async declare(topology: Topology): Promise<void> {
    this.#requireOpen();
    await this.#topology.declare(topology);
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
    const { queue } = options;
    this.#topology.require(queue);
    const { clock, log } = this.#options;
    let consumer: AmqpConsumer | undefined;
    try {
      const link = await this.#linkForConsuming();
      this.#consumingCalls ??= new CallChannel(link);
      consumer = new AmqpConsumer(options, {
        link,
        calls: this.#consumingCalls,
        clock,
        log,
        topology: this.#topology,
        publisher: this.#publisher,
        gate: this.#gate,
        originals: this.#originals,
        countReady: (name) => this.#admin.countReady(name),
        onDetached: (detached) => this.#consumers.delete(detached),
      });
      const session = await link.nextSession();
      this.#warnOfDeliveryLimit(options, session);
      this.#requireOpen();
      this.#consumers.add(consumer);
      await consumer.begin(session);
      return consumer;
    } catch (error) {
      if (consumer !== undefined) await consumer.close();
      throw toTransportError(error, { name: queue });
    }
  }

  close(options: CloseOptions = {}): Promise<void> {
    const isFirst = this.#closing === undefined;
    // A later call may shorten the grace, of the publications and of the consumers.
    this.#publishing.limit(options.graceMs ?? 0);
    const consumers = [...this.#consumers].map((consumer) => consumer.close(options));
    this.#closing ??= this.#close(Promise.all(consumers));
    if (isFirst) this.#options.onState("closed");
    return this.#closing;
  }

  async #close(consumersClosed: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    void this.#publisher.idle().then(() => this.#publishing.end());
    // What the consumers give back is published: they go first.
    await Promise.all([consumersClosed, this.#publishing.over]);
    this.#gate.close();
    this.#publisher.close();
    if (this.#openedConsumingLink === undefined) this.#ending.abort();
    const links = Promise.all([this.#link.close(closingMs), this.#openedConsumingLink?.close(closingMs)]);
    await within(clock, closingMs, links);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError("The connection to the broker is closed.");
  }

  /** Nobody sees what the broker drops: it was counted for consumers that were gone, one after the other. */
  #warnOfDeliveryLimit({ queue, maxDeliveries }: ConsumeOptions, { serverVersion }: AmqpSession): void {
    const warning = deliveryLimitWarning({ queue, maxDeliveries, serverVersion });
    if (warning === undefined || !this.#topology.isLimited(queue)) return;
    this.#options.log.warn(warning, { code: "quorum-delivery-limit" });
  }

  async #linkForConsuming(): Promise<AmqpLink> {
    const { target, clock, log, name } = this.#options;
    this.#consumingLink ??= AmqpLink.open({
      target,
      clock,
      log,
      name: `${name} (consumes)`,
      signal: this.#ending.signal,
      onSession: (session) => this.#consumers.forEach((consumer) => consumer.restart(session)),
      onState: (state, cause) => this.#onLinkState(state, cause),
    });
    try {
      const link = await this.#consumingLink;
      this.#openedConsumingLink = link;
      if (this.#closing !== undefined) await link.close(closingMs);
      return link;
    } catch (error) {
      this.#consumingLink = undefined;
      this.#requireOpen();
      throw error;
    }
  }

  #onLinkState(_state: LinkState, cause?: Error): void {
    const { state } = this;
    if (state === this.#lastState || state === "closed") return;
    this.#lastState = state;
    this.#options.onState(state, cause);
  }
}

/** What happens on the link between its opening and the connection's existence: nothing that anybody needs to hear. */
class Hub {
  target:
    | {
        readonly restore: (session: AmqpSession) => Promise<void>;
        readonly use: (session: AmqpSession) => void;
        readonly onState: (state: LinkState, cause?: Error) => void;
      }
    | undefined;
}
