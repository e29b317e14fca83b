import type { AmqpLink, AmqpSession, CallChannel } from "@lovage/client-amqp";
import type { Clock, Log } from "@lovage/foundation";
import { checkWhole, ClosedError, GracePeriod } from "@lovage/foundation";
import {
  HandOut,
  type CloseOptions,
  type ConsumeOptions,
  type Consumer,
  type HandOutParts,
  type OutgoingMessage,
} from "@lovage/transport";

import { Backlog } from "./backlog.ts";
import { mostPrefetch, type Arrival } from "./consumer-channel.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";
import { AmqpDelivery, type DeliveryOwner, type Settlement } from "./delivery.ts";
import { HoldRenewal } from "./hold-renewal.ts";
import { HoldingQueue } from "./holding-queue.ts";
import { Intake, type IntakeParts } from "./intake.ts";
import { OwnSettlements } from "./own-settlements.ts";
import { LetGo } from "./let-go.ts";
import type { Publisher } from "../publishing/publisher.ts";
import { suspectsQueueOf } from "../wire/queue-form.ts";
import { ReopeningChannel } from "./reopening-channel.ts";
import { Settler } from "./settler.ts";
import { Sorter, type Sorted } from "./sorter.ts";
import type { GateMember, SuspectGate } from "./suspect-gate.ts";
import { SuspectSource } from "./suspect-source.ts";
import type { UnsettledOriginals } from "./unsettled-originals.ts";

/** What an {@link AmqpConsumer} works with. */
export interface ConsumerParts {
  readonly link: AmqpLink;
  /** Over this link. */
  readonly calls: CallChannel;
  readonly clock: Clock;
  readonly log: Log;
  readonly topology: DeclaredTopology;
  readonly publisher: Publisher;
  readonly gate: SuspectGate;
  readonly originals: UnsettledOriginals;
  /** Messages that wait in a queue. @throws QUEUE_NOT_FOUND, TRANSPORT_UNAVAILABLE */
  readonly countReady: (queue: string) => Promise<number>;
  /** The consumer is closed and holds nothing any more. */
  readonly onDetached: (consumer: AmqpConsumer) => void;
}

/** How long giving back may outlast the grace: most of the second that the contract allows a connection. */
const closingMs = 700;
const defaultMaxDeliveries = 3;

/** One running consumption: holds what is unsettled, never more than its prefetch, and comes back over other channels. */
export class AmqpConsumer implements Consumer, DeliveryOwner, GateMember {
  readonly queue: string;
  readonly #parts: ConsumerParts;
  readonly #settler: Settler;
  readonly #intake: Intake;
  readonly #suspects: SuspectSource;
  readonly #handOut: HandOut<AmqpDelivery>;
  readonly #renewal: HoldRenewal;
  readonly #held = new Set<AmqpDelivery>();
  readonly #backlog: Backlog<AmqpDelivery>;
  readonly #letGo: LetGo;
  readonly #own: OwnSettlements;
  readonly #idle = Promise.withResolvers<void>();
  readonly #grace: GracePeriod;
  /** Bounds the giving back, which begins when the grace is over, or when nothing is held any more. */
  readonly #givingBack: GracePeriod;
  readonly #channel: ReopeningChannel;
  #prefetch: number;
  #closing: Promise<void> | undefined;

  /** @throws OPTION_INVALID */
  constructor(options: ConsumeOptions, parts: ConsumerParts) {
    const { queue, prefetch, maxDeliveries = defaultMaxDeliveries } = options;
    checkWhole("prefetch", prefetch, 1);
    checkWhole("maxDeliveries", maxDeliveries, 1);
    this.queue = queue;
    this.#prefetch = prefetch;
    this.#parts = parts;
    this.#grace = new GracePeriod(parts.clock);
    this.#givingBack = new GracePeriod(parts.clock);
    const isQuorum = parts.topology.formOf(queue).type === "quorum";
    const sorter = new Sorter({ queue, maxDeliveries, isQuorum });
    this.#settler = new Settler(parts);
    this.#own = new OwnSettlements({
      queue,
      log: parts.log,
      hasChannel: () => this.#channel.current !== undefined,
      onEnd: () => this.#changed(),
    });
    this.#suspects = new SuspectSource({ ...parts, queue, isQuorum, settler: this.#settler, own: this.#own });
    const onSorted: IntakeParts["onSorted"] = (...sorted) => this.#onSorted(...sorted);
    this.#intake = new Intake({ sorter, originals: parts.originals, own: this.#own, onSorted });
    const watch: HandOutParts<AmqpDelivery>["watch"] = (...settlement) => this.#own.watchLast(...settlement);
    this.#handOut = new HandOut({ ...options, maxDeliveries, heldBy: "its connection", log: parts.log, watch });
    this.#letGo = new LetGo({ ...parts, onChange: () => this.#applyCap() });
    this.#backlog = new Backlog({
      isWanted: () => this.isTaking && parts.gate.isOpen,
      hasRoom: () => this.#held.size < this.#prefetch,
      handOut: (delivery) => this.#hold(delivery),
      giveBack: (delivery) => this.#giveBack(delivery),
    });
    this.#renewal = this.#makeRenewal();
    this.#channel = new ReopeningChannel({
      ...parts,
      queue,
      onArrival: (arrival) => this.#intake.take(arrival, queue),
      onOpen: () => this.#applyCap(),
      onEnd: (cause) => this.#onEnd(cause),
      onQuiet: () => this.#changed(),
    });
  }

  get prefetch(): number {
    return this.#prefetch;
  }

  get unsettled(): number {
    return this.#held.size;
  }

  get isTaking(): boolean {
    return this.#closing === undefined && this.#prefetch > 0;
  }

  get isIdle(): boolean {
    const isEmpty = this.#held.size === 0 && this.#own.isEmpty && this.#backlog.isEmpty;
    return isEmpty && (this.#channel.current?.isQuiet ?? true);
  }

  /** Resolves once consumption has begun; rejects when the first attempt fails. @throws AmqpError */
  async begin(session: AmqpSession): Promise<void> {
    await this.#channel.begin(session);
    this.#renewal.start();
    this.#parts.gate.start();
  }

  /** Goes on over a new session. */
  restart(session: AmqpSession): void {
    this.#channel.restart(session);
  }

  setPrefetch(prefetch: number): void {
    checkWhole("prefetch", prefetch, 0);
    this.#prefetch = prefetch;
    this.#applyCap();
    this.#backlog.move();
  }

  recheck(): Promise<void> | undefined {
    return this.#channel.current?.recheck();
  }

  close({ graceMs = 0 }: CloseOptions = {}): Promise<void> {
    this.#grace.limit(graceMs);
    this.#givingBack.limit(graceMs + closingMs);
    this.#closing ??= this.#close();
    return this.#closing;
  }

  onGate(): void {
    this.#applyCap();
    this.#backlog.move();
  }

  countSuspects(): Promise<number> {
    return this.#suspects.count();
  }

  async takeSuspect(): Promise<boolean> {
    const { current } = this.#channel;
    const suspect = current === undefined ? undefined : await this.#suspects.next(current);
    if (suspect === undefined) return false;
    this.#intake.take(suspect.arrival, suspect.source);
    return true;
  }

  check(followUps: readonly OutgoingMessage[]): void {
    this.#parts.publisher.check(followUps);
  }

  settle(delivery: AmqpDelivery, settlement: Settlement): Promise<void> {
    return this.#settler.settle(delivery, settlement);
  }

  remove(delivery: AmqpDelivery): void {
    if (!this.#held.delete(delivery)) return;
    if (delivery.arrival.channel !== this.#channel.current) this.#applyCap();
    this.#backlog.move();
    this.#changed();
  }

  letGo(arrival: Arrival): void {
    this.#letGo.add(arrival);
  }

  #makeRenewal(): HoldRenewal {
    const onEnd = (cause: Error): void => this.#onEnd(cause);
    const onRenewed = (before: Arrival): void => this.#onRenewed(before);
    const [queue, parts] = [this.queue, this.#parts];
    return new HoldRenewal({
      ...parts,
      queue,
      own: this.#own,
      timeoutMs: parts.topology.formOf(queue).consumerTimeoutMs,
      held: () => [...this.#held, ...this.#backlog],
      open: () => HoldingQueue.open({ ...parts, queue, session: parts.link.requireSession(), onRenewed, onEnd }),
    });
  }

  /** What is held by another channel is not lost with this one. */
  #onEnd(cause: Error): void {
    this.#renewal.learn(cause);
    this.#backlog.forget(({ arrival }) => arrival.channel.hasEnded);
    for (const delivery of this.#held) if (delivery.arrival.channel.hasEnded) delivery.lose(cause);
    this.#changed();
  }

  #onRenewed(before: Arrival): void {
    // The acknowledgement makes room for another delivery, and this one still takes it.
    this.#applyCap();
    this.#own.watch(before.channel.ack(before));
  }

  /** Something was settled or given back, or the broker has answered: others may wait for that. */
  #changed(): void {
    if (this.#closing !== undefined && this.#held.size === 0) this.#grace.end();
    if (this.#closing !== undefined && this.isIdle) this.#idle.resolve();
    this.#parts.gate.check();
  }

  #applyCap(): void {
    const { current } = this.#channel;
    if (current === undefined) return;
    const isTaking = this.#closing === undefined && this.#parts.gate.isOpen;
    let cap = isTaking ? Math.min(this.#prefetch, mostPrefetch) : 0;
    for (const each of [this.#held, this.#backlog])
      for (const { arrival } of each) if (arrival.channel !== current) cap -= 1;
    if (isTaking) cap += this.#letGo.countOn(current);
    current.setCap(Math.max(0, cap));
  }

  #onSorted(arrival: Arrival, sorted: Sorted, source: string): void {
    switch (sorted.next) {
      case "hand-out":
      case "exhausted":
        this.#take(this.#deliveryOf(arrival, sorted, source === this.queue), source !== this.queue);
        break;
      case "forward":
        this.#own.watch(this.#settler.move(arrival, sorted.message, sorted));
        if (sorted.to === suspectsQueueOf(this.queue)) this.#parts.gate.note(this.queue);
        break;
    }
  }

  #deliveryOf(arrival: Arrival, { message, marks }: Sorted, isOrdinary: boolean): AmqpDelivery {
    // What is given back waits for its next turn, also where it was fetched from beside those that wait.
    const source = isOrdinary ? this.queue : suspectsQueueOf(this.queue);
    const { deliveryTag } = arrival.raw.fields;
    const token = `${source}/${arrival.channel.id}/${deliveryTag}`;
    return new AmqpDelivery(this, { message, marks, arrival, source, token });
  }

  #take(delivery: AmqpDelivery, isSuspect: boolean): void {
    if (!isSuspect) this.#backlog.add(delivery);
    else if (this.isTaking && this.#parts.gate.isForSuspect) this.#hold(delivery);
    else this.#giveBack(delivery);
  }

  #hold(delivery: AmqpDelivery): void {
    this.#held.add(delivery);
    this.#handOut.give(delivery);
  }

  /** For what was never handed out: it goes back as it came, and is not renewed meanwhile. */
  #giveBack(delivery: AmqpDelivery): void {
    const { arrival, message, marks, source } = delivery;
    delivery.lose();
    this.#own.watch(this.#settler.move(arrival, message, { to: source, marks, delayMs: 0 }));
  }

  async #close(): Promise<void> {
    const { log, gate, onDetached } = this.#parts;
    this.#channel.stop();
    // After the caller's turn: `#closing` is set by then.
    await Promise.resolve();
    this.#applyCap();
    this.#backlog.move();
    this.#changed();
    await this.#grace.over;
    if (this.#held.size > 0) log.info(`${this.#held.size} unsettled messages of queue "${this.queue}" are given back.`);
    this.#giveAllBack();
    // Until the broker has said that nothing more is on its way: what it sends later would count as lost.
    this.#changed();
    this.#renewal.stop();
    void this.#idle.promise.then(() => this.#renewal.close()).then(() => this.#givingBack.end());
    await this.#givingBack.over;
    // What could not be settled in time must not stay held: nobody renews it any more.
    void this.#renewal.close();
    void this.#channel.current?.close();
    onDetached(this);
    gate.check();
  }

  #giveAllBack(): void {
    const cause = new ClosedError(`The consumer of queue "${this.queue}" was closed before the delivery was settled.`);
    for (const delivery of this.#held) {
      if (delivery.state !== "held") continue;
      // Under way first: the last one that is lost makes the consumer idle.
      this.#own.watch(this.#settler.settle(delivery, { kind: "release", delayMs: 0 }));
      delivery.lose(cause);
    }
  }
}
