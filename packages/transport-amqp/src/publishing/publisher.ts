import type { AmqpLink, AmqpSession, CallChannel, Posting } from "@lovage/client-amqp";
import { ConfirmPublisher } from "@lovage/client-amqp";
import type { Clock, Log } from "@lovage/foundation";
import { asBuffer, ClosedError, formatDuration, hasCode, OptionError } from "@lovage/foundation";
import type { ExchangeAddress, Message, OutgoingMessage, PublishOptions } from "@lovage/transport";
import {
  MessageUnroutableError,
  PublishTimeoutError,
  TransactionUnsupportedError,
  TransportUnavailableError,
} from "@lovage/transport";

import { AlarmWait } from "./alarm-wait.ts";
import { checkOutgoing } from "./check-outgoing.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";
import type { Delays } from "../topology/delays.ts";
import { toTransportError } from "../errors.ts";
import { encodeMessage, noMarks, type Marks } from "../wire/message-codec.ts";
import { parcelsOf, type Past } from "../wire/parcel.ts";
import { PublishCall, timeoutText, type Item } from "./publish-call.ts";
import type { SentMessages } from "./sent-messages.ts";
import { Ways, type Passage } from "./ways.ts";

/** What a {@link Publisher} works with. */
export interface PublisherParts {
  readonly link: AmqpLink;
  readonly calls: CallChannel;
  readonly topology: DeclaredTopology;
  readonly delays: Delays;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: { readonly maxMessageBytes: number; readonly delayHorizonMs: number };
}

/** For what is published because of a delivery. */
interface Withdrawable {
  /** What is not written when it aborts is not to be written any more: the delivery is lost, and runs again elsewhere. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What was sent for it before, and is told of these. What the broker has, or may have, is not written again: its fate is waited for. Without it, what was
   * written when the call ends is forgotten.
   */
  readonly sent?: SentMessages | undefined;
  /** Tells which of the messages take the place of the delivered one. */
  readonly pastOf?: (message: OutgoingMessage) => Past | undefined;
}

const defaultTimeoutMs = 30_000;

/** `Connection.publish`, and every copy that the transport makes: checked, routed, delayed, confirmed. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #wire: ConfirmPublisher;
  readonly #calls = new Set<PublishCall>();
  readonly #ways: Ways;
  readonly #alarm: AlarmWait;
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#ways = new Ways(parts);
    this.#alarm = new AlarmWait(() => this.#isBlocked);
    this.#wire = new ConfirmPublisher({ clock: parts.clock, log: parts.log });
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#ways.forget();
    this.#wire.use(session);
    session.onBlocked((isBlocked) => {
      if (!isBlocked) this.#alarm.end();
    });
    this.#alarm.end();
  }

  /** @throws synchronously what is refused before any I/O */
  publish(batch: readonly OutgoingMessage[], options: PublishOptions & Withdrawable = {}): Promise<void> {
    const { transaction, timeoutMs = defaultTimeoutMs, signal, sent, pastOf } = options;
    if (!(timeoutMs > 0))
      throw new OptionError(`timeoutMs must be more than 0, got ${String(timeoutMs)}.`, { field: "timeoutMs" });
    if (transaction !== undefined) {
      throw new TransactionUnsupportedError(
        "RabbitMQ cannot publish in a transaction of the caller's; publish without `transaction`.",
      );
    }
    this.check(batch);
    if (batch.length === 0) return Promise.resolve();
    const parcels = parcelsOf(batch, this.#parts.clock.now(), pastOf);
    return this.#send(new PublishCall(parcels, sent), { timeoutMs, signal });
  }

  /** Refuses what must not be sent. @throws QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID */
  check(batch: readonly OutgoingMessage[]): void {
    for (const message of batch) checkOutgoing(message, this.#parts);
  }

  /** Publishes a copy of a message that was received, with its marks. Resolves once the broker has it. */
  async forward(
    message: Message,
    to: string,
    { marks, delayMs = 0, signal, sent }: Withdrawable & { readonly marks: Marks; readonly delayMs?: number },
  ): Promise<void> {
    await this.#send(new PublishCall([{ message, to, marks, delayMs }], sent), { signal });
  }

  /** Publishes a copy of a message that is held to a queue that nobody makes again. Resolves once the broker has it. */
  async renew(
    message: Message,
    to: string,
    { marks, signal }: Withdrawable & { readonly marks: Marks },
  ): Promise<void> {
    const parcel = { message, to, marks, delayMs: 0, isForGood: true };
    await this.#send(new PublishCall([parcel]), { signal });
  }

  /**
   * Publishes to an exchange that exists. Resolves once the broker has it, whether a queue takes it or not.
   * @throws MESSAGE_UNROUTABLE when the exchange is gone
   */
  async send(exchange: string, message: Message): Promise<void> {
    const to = { exchange, routingKey: "" };
    this.#ways.note(exchange);
    try {
      await this.#send(new PublishCall([{ message, to, marks: noMarks, delayMs: 0 }]));
    } catch (error) {
      if (!hasCode(error, "MESSAGE_UNROUTABLE") || this.#ways.isDoubtful(exchange)) throw error;
    }
  }

  /** Resolves once nothing is on its way. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#calls].map(({ promise }) => promise));
  }

  /** Ends what is on its way. */
  close(): void {
    this.#isClosed = true;
    this.#wire.close();
    for (const call of this.#calls) {
      call.fail(new ClosedError("The connection to the broker was closed before the message was accepted."));
    }
  }

  get #isBlocked(): boolean {
    return this.#parts.link.session?.isBlocked === true;
  }

  #send(
    call: PublishCall,
    { timeoutMs = defaultTimeoutMs, signal }: Withdrawable & { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    if (this.#isClosed) call.fail(new ClosedError("The connection to the broker is closed."));
    if (signal?.aborted === true) call.fail(toTransportError(signal.reason));
    if (call.isSettled) return call.promise;
    this.#follow(call, signal);
    const expire = (): void => {
      if (!call.isSettled) this.#expire(call, timeoutMs);
    };
    // User code may have blocked the event loop all the while: a confirm that is there is read before.
    call.timer = this.#parts.clock.timer(timeoutMs, () => void setImmediate(expire));
    const passages = call.unwritten.map(([index, parcel]) => this.#ways.passageOf(index, parcel));
    if (passages.every((passage) => this.#ways.isReady(passage))) this.#post(call, passages);
    else void this.#prepareAndPost(call, passages);
    return call.promise;
  }

  /** Until it is over, and it is known what became of all that was left of it. */
  #follow(call: PublishCall, signal: AbortSignal | undefined): void {
    const withdraw = (): void => {
      call.withdraw(toTransportError(signal?.reason));
      this.#wire.abandon(call.items.map(({ posting }) => posting));
    };
    signal?.addEventListener("abort", withdraw, { once: true });
    this.#calls.add(call);
    const over = (): void => {
      this.#calls.delete(call);
      void call.over().then(() => signal?.removeEventListener("abort", withdraw));
    };
    call.promise.then(over, over);
  }

  async #prepareAndPost(call: PublishCall, passages: readonly Passage[]): Promise<void> {
    try {
      for (const passage of passages) await this.#prepare(call, passage);
    } catch (error) {
      return call.fail(toTransportError(error, { name: nameOf(call.parcels[0]?.to ?? "") }));
    }
    if (!call.isSettled) this.#post(call, passages);
  }

  /** @throws what the server says to it */
  async #prepare(call: PublishCall, passage: Passage): Promise<void> {
    const isWanted = (): boolean => !call.isSettled && !this.#isBlocked;
    let isReady = false;
    while (!isReady && !call.isSettled) {
      await this.#alarm.over(call.promise);
      try {
        isReady = await this.#ways.prepare(passage, isWanted);
      } catch (error) {
        // Asked when the alarm came: that nothing was answered says no more than it does.
        if (!this.#isBlocked || !hasCode(toTransportError(error), "TRANSPORT_UNAVAILABLE")) throw error;
      }
    }
  }

  #post(call: PublishCall, passages: readonly Passage[]): void {
    call.items = passages.map((passage) => this.#item(call, passage));
    this.#wire.post(call.items.map(({ posting }) => posting));
  }

  #item(call: PublishCall, passage: Passage): Item {
    const { index } = passage;
    const { message, to, marks, isForGood = false } = passage.parcel;
    const address = typeof to === "string" ? { exchange: "", routingKey: to } : to;
    const { exchange, routingKey, headers, restMs } = passage.route ?? { ...address, headers: undefined, restMs: 0 };
    const { body } = message;
    let isLastTry = isForGood;
    const posting: Posting = {
      exchange,
      routingKey,
      properties: encodeMessage(message, { ...marks, restMs }, headers),
      body: asBuffer(body),
      state: "waiting",
      done: (error) => {
        if (error?.kind === "broken") this.#ways.doubt(passage);
        if (error?.kind === "unroutable" && exchange === "" && !isLastTry) {
          isLastTry = true;
          void this.#tryAgain(call, posting, index);
        } else call.settle(index, error === null ? null : toTransportError(error, { to: { exchange, routingKey } }));
      },
    };
    return { name: call.nameOf(index), posting };
  }

  /** A queue that was declared here and is gone is made again, once. */
  async #tryAgain(call: PublishCall, posting: Posting, index: number): Promise<void> {
    const { exchange, routingKey } = posting;
    try {
      this.#parts.delays.forgetQueue(routingKey);
      await this.#parts.topology.redeclare(routingKey);
      // Its caller was told meanwhile that nothing came of it.
      if (call.isSettled) return call.settle(index, new MessageUnroutableError(exchange, routingKey));
      posting.state = "waiting";
      this.#wire.post([posting]);
    } catch (error) {
      call.settle(index, toTransportError(error, { name: routingKey, to: { exchange, routingKey } }));
    }
  }

  #expire(call: PublishCall, timeoutMs: number): void {
    const { link } = this.#parts;
    const time = formatDuration(timeoutMs);
    const isAway = link.state !== "open" && !call.wasSent;
    const cause = isAway
      ? new TransportUnavailableError(`The broker was away for ${time}; nothing was sent.`, { cause: link.cause })
      : new PublishTimeoutError(timeoutText(call, time, this.#isBlocked));
    call.fail(cause);
    this.#wire.abandon(call.leave().map(({ posting }) => posting));
  }
}

function nameOf(to: string | ExchangeAddress): string {
  return typeof to === "string" ? to : to.exchange;
}
