import { randomUUID } from "node:crypto";
import type { AmqpSession, Channel, ConsumeMessage, GetMessage } from "@lovage/client-amqp";
import { AmqpError, toAmqpError } from "@lovage/client-amqp";
import { asError, ClosedError } from "@lovage/foundation";

import { AckBatch } from "./ack-batch.ts";
import { PrefetchSlots, type PrefetchSlot } from "./prefetch-slots.ts";
import { StandstillCheck } from "./standstill-check.ts";

/** A message in the hands of a channel. */
export interface Arrival {
  readonly raw: ConsumeMessage | GetMessage;
  readonly channel: ConsumerChannel;
  /** The consumer it came to; absent when it was fetched. */
  readonly slot: PrefetchSlot | undefined;
}

/** What a channel consumes from. */
export interface ConsumedQueue {
  readonly name: string;
  /**
   * The consumer timeout to ask for, in ms, which from RabbitMQ 4.3 on goes before that of the server. Absent: a classic queue, which has none
   * there and refuses the question; older servers pass it over.
   */
  readonly timeoutMs: number | undefined;
  /** Only we read it: what is given back goes on, by its dead-letter exchange, to the queue that it came from. @default false */
  readonly isOurs?: boolean;
}

/** Who is told of what happens on a channel. */
export interface ChannelEvents {
  onArrival(arrival: Arrival): void;
  /** Everything that came over it is lost. Told once. */
  onEnd(cause: Error): void;
  /** The first consumer has begun. */
  onBegun(): void;
  /** Nothing may come unasked any more. */
  onQuiet(): void;
}

/** AMQP has two bytes for it. */
export const mostPrefetch = 65_535;

/** Names this process among all that share a queue. */
const processId = randomUUID().slice(0, 8);
/** Channels opened so far. */
let opened = 0;

/**
 * The channel of one consumer: what goes wrong on it, such as a delivery that was held for too long, costs this consumer alone. It never comes
 * back; its consumer opens another.
 */
export class ConsumerChannel {
  /** No other channel has it, of this process or another. */
  readonly id: string;
  readonly #channel: Channel;
  readonly #session: AmqpSession;
  readonly #queue: ConsumedQueue;
  readonly #events: ChannelEvents;
  readonly #slots: PrefetchSlots;
  readonly #acks: AckBatch;
  readonly #leaving = new AbortController();
  readonly #ended = new AbortController();
  readonly #standstill: StandstillCheck;
  #isClosing = false;
  #arrived = 0;
  #cap = 0;

  private constructor(channel: Channel, session: AmqpSession, queue: ConsumedQueue, events: ChannelEvents) {
    opened += 1;
    this.id = `${processId}.${opened}`;
    this.#channel = channel;
    this.#session = session;
    this.#queue = queue;
    this.#events = events;
    this.#slots = new PrefetchSlots({
      begin: (slot) => this.#begin(slot),
      end: (slot) => this.#cancel(slot),
      onQuiet: () => this.#events.onQuiet(),
      onError: (error) => this.#fail(asError(error)),
    });
    this.#acks = new AckBatch({
      ack: (tag, upTo) => this.#sendAck(tag, upTo),
      barrier: () => this.#barrier(),
    });
    this.#standstill = new StandstillCheck({
      standstills: () => session.standstills,
      ask: () => this.alive(),
      hasEnded: () => this.hasEnded,
    });
    let cause: unknown;
    channel.once("error", (error: unknown) => (cause = error));
    channel.once("close", () => this.#end(cause));
  }

  /** @throws AmqpError */
  static async open(session: AmqpSession, queue: ConsumedQueue, events: ChannelEvents): Promise<ConsumerChannel> {
    return new ConsumerChannel(await session.channel(), session, queue, events);
  }

  get #what(): string {
    return `consuming from queue "${this.#queue.name}"`;
  }

  /** Aborts when everything that came over it is lost; the reason is the cause. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborts when it is being closed, or has ended: what came over it and is not settled goes back, so that nothing may be published for it any more. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  get hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Nothing may come unasked. */
  get isQuiet(): boolean {
    return this.hasEnded || this.#slots.isQuiet;
  }

  /** What came to its consumers and is not settled. */
  get held(): number {
    return this.#slots.held;
  }

  /** How many messages came over it. */
  get arrived(): number {
    return this.#arrived;
  }

  /** More may come. */
  get hasRoom(): boolean {
    return this.#cap > 0;
  }

  /** Hard cap on what is delivered and not settled. */
  setCap(cap: number): void {
    this.#cap = cap;
    if (!this.hasEnded) this.#slots.setCap(cap);
  }

  /** Resolves once the broker has recorded it. @throws what the channel ended by */
  ack({ raw, slot }: Arrival): Promise<void> {
    return this.#acks.ack(raw.fields.deliveryTag, () => {
      if (slot !== undefined && !this.hasEnded) this.#slots.settled(slot);
    });
  }

  /** Gives it back as it would go back with the channel: counted as a loss. */
  giveBack({ raw, slot }: Arrival): void {
    if (this.hasEnded || this.#isClosing) return;
    const { deliveryTag } = raw.fields;
    try {
      this.#channel.nack(named(deliveryTag), false, this.#queue.isOurs !== true);
    } catch (error) {
      return this.#fail(asError(error));
    }
    this.#acks.forget(deliveryTag);
    if (slot !== undefined) this.#slots.settled(slot);
  }

  /** Resolves when what came over this channel still belongs to it. @throws what the channel ended by */
  alive(): Promise<void> {
    return this.#acks.alive();
  }

  /**
   * After this process stood still: asks whether what came is held still, which it all is or none of it. When it resolves, the channel lives or has
   * ended. `undefined` when there is nothing to ask. Never rejects.
   */
  recheck(): Promise<void> | undefined {
    return this.#standstill.run();
  }

  /** Fetches one message, of this queue or another. @throws AmqpError */
  async get(queue: string): Promise<Arrival | undefined> {
    try {
      const raw = await this.#session.answer(this.#channel.get(queue), `fetching from queue "${queue}"`);
      if (raw === false) return undefined;
      this.#arrived += 1;
      this.#acks.add(raw.fields.deliveryTag);
      return { raw, channel: this, slot: undefined };
    } catch (error) {
      // An answer that comes later would bring a message that nobody knows of, and that is acknowledged with all up to another.
      this.#fail(asError(error));
      throw error;
    }
  }

  /** Ends it at once, whatever the broker says to that: another is to take its place. For one that holds nothing. */
  giveWay(): void {
    this.#fail(new ClosedError(`The channel of queue "${this.#queue.name}" makes way for another.`));
  }

  /** Ends it; what is not settled goes back to the queue, counted as a loss. Never rejects. */
  async close(): Promise<void> {
    if (!this.hasEnded) await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#leaving.abort(new ClosedError(`The consumer of queue "${this.#queue.name}" is closed.`));
    await this.#session.closeChannel(this.#channel);
  }

  async #begin(slot: PrefetchSlot): Promise<void> {
    const receive = (raw: ConsumeMessage | null): void => {
      if (raw !== null) return this.#receive(raw, slot);
      // Whatever it was, and whatever of it the server has taken back already: nothing of the channel is ours any more, and the rest goes back with it.
      const text = `RabbitMQ at ${this.#session.where} ended the consumer of queue "${this.#queue.name}": it was deleted, its node is down, or (from 4.3 on) a delivery was held for longer than the consumer timeout.`;
      this.#fail(new AmqpError(text, { kind: "missing" }));
    };
    // Calls of a channel go out one by one, in order: this prefetch is that of the consumer behind it.
    const sized = this.#channel.prefetch(slot.size);
    const { name, timeoutMs } = this.#queue;
    const asked = timeoutMs === undefined ? {} : { arguments: { "x-consumer-timeout": timeoutMs } };
    const begun = this.#channel.consume(name, receive, { consumerTag: slot.tag, ...asked });
    await this.#session.answer(Promise.all([sized, begun]), this.#what);
    this.#events.onBegun();
  }

  async #cancel({ tag }: PrefetchSlot): Promise<void> {
    await this.#session.answer(this.#channel.cancel(tag), `ending a consumer of queue "${this.#queue.name}"`);
  }

  #receive(raw: ConsumeMessage, slot: PrefetchSlot): void {
    // It goes back with the channel.
    if (this.hasEnded) return;
    slot.held += 1;
    this.#arrived += 1;
    this.#acks.add(raw.fields.deliveryTag);
    const arrival = { raw, channel: this, slot };
    const recheck = this.recheck();
    if (recheck === undefined) return this.#events.onArrival(arrival);
    void this.#takeAfter(recheck, arrival);
  }

  /** It lay in the socket for nobody knows how long: it may have gone back, and be another's. */
  async #takeAfter(recheck: Promise<void>, arrival: Arrival): Promise<void> {
    await recheck;
    if (!this.hasEnded) this.#events.onArrival(arrival);
  }

  #sendAck(tag: number, upTo: boolean): void {
    if (this.hasEnded || this.#isClosing) return;
    try {
      this.#channel.ack(named(tag), upTo);
    } catch (error) {
      // The channel or its connection is closing: what is not settled by then goes back.
      this.#fail(asError(error));
    }
  }

  async #barrier(): Promise<void> {
    try {
      await this.#session.answer(this.#channel.prefetch(1), `settling deliveries of queue "${this.#queue.name}"`);
    } catch (error) {
      this.#fail(asError(error));
      throw error;
    }
  }

  /** Something on it cannot go on: the consumer needs another channel, and the broker is to take back what it gave to this one. */
  #fail(cause: Error): void {
    if (this.hasEnded) return;
    this.#end(cause);
    void this.#giveUp();
  }

  #end(cause: unknown): void {
    if (this.hasEnded) return;
    const why = cause ?? (this.#session.ended.aborted ? (this.#session.ended.reason as unknown) : undefined);
    const error = toAmqpError(why ?? new Error("The channel closed"), this.#session.where, this.#what);
    this.#leaving.abort(error);
    this.#ended.abort(error);
    this.#acks.end(error);
    this.#events.onEnd(error);
  }
}

/** The client wants the message; it reads the tag alone. */
function named(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
