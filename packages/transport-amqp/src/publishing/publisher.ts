import type { AmqpLink, AmqpSession, CallChannel, Posting } from "@lovage/client-amqp";
import { ConfirmPublisher, isAmqpError } from "@lovage/client-amqp";
import type { Clock, Log } from "@lovage/foundation";
import { asBuffer, ClosedError, formatDuration, hasCode, OptionError } from "@lovage/foundation";
import type { ExchangeAddress, Message, OutgoingMessage, PublishOptions } from "@lovage/transport";
import { PublishTimeoutError, TransactionUnsupportedError, TransportUnavailableError } from "@lovage/transport";

import { checkOutgoing } from "./check-outgoing.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";
import type { DelayRoute } from "../delays/delay-route.ts";
import type { Delays } from "../topology/delays.ts";
import { toTransportError } from "../errors.ts";
import { encodeMessage, noMarks, type Marks } from "../wire/message-codec.ts";
import { parcelsOf, type Parcel, type Past } from "../wire/parcel.ts";
import { PublishCall, timeoutText } from "./publish-call.ts";

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
  /** Told of each message that the broker has accepted, whatever becomes of the others. */
  readonly onAccepted?: (message: OutgoingMessage) => void;
  /** Tells which of the messages take the place of the delivered one. */
  readonly pastOf?: (message: OutgoingMessage) => Past | undefined;
}

const defaultTimeoutMs = 30_000;

/** `Connection.publish`, and every copy that the transport makes: checked, routed, delayed, confirmed. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #wire: ConfirmPublisher;
  readonly #calls = new Set<PublishCall>();
  /** Exchanges that were seen on this session: publishing to one that is not there costs the channel. */
  readonly #exchanges = new Set<string>();
  /** Exchanges that may be gone: a message for them was on its way when the channel ended. */
  readonly #doubtful = new Set<string>();
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#wire = new ConfirmPublisher({ clock: parts.clock, log: parts.log });
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#exchanges.clear();
    this.#doubtful.clear();
    this.#wire.use(session);
  }

  /** @throws synchronously what is refused before any I/O */
  publish(batch: readonly OutgoingMessage[], options: PublishOptions & Withdrawable = {}): Promise<void> {
    const { transaction, timeoutMs = defaultTimeoutMs, signal, onAccepted, pastOf } = options;
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
    return this.#send(new PublishCall(batch, onAccepted), parcels, { timeoutMs, signal });
  }

  /** Refuses what must not be sent. @throws QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID */
  check(batch: readonly OutgoingMessage[]): void {
    for (const message of batch) checkOutgoing(message, this.#parts);
  }

  /** Publishes a copy of a message that was received, with its marks. Resolves once the broker has it. */
  async forward(
    message: Message,
    to: string,
    { marks, delayMs = 0, signal }: Withdrawable & { readonly marks: Marks; readonly delayMs?: number },
  ): Promise<void> {
    await this.#send(new PublishCall([{ ...message, to }]), [{ message, to, marks, delayMs }], { signal });
  }

  /** Publishes a copy of a message that is held to a queue that nobody makes again. Resolves once the broker has it. */
  async renew(
    message: Message,
    to: string,
    { marks, signal }: Withdrawable & { readonly marks: Marks },
  ): Promise<void> {
    const parcel = { message, to, marks, delayMs: 0, isForGood: true };
    await this.#send(new PublishCall([{ ...message, to }]), [parcel], { signal });
  }

  /**
   * Publishes to an exchange that exists. Resolves once the broker has it, whether a queue takes it or not.
   * @throws MESSAGE_UNROUTABLE when the exchange is gone
   */
  async send(exchange: string, message: Message): Promise<void> {
    const to = { exchange, routingKey: "" };
    this.#exchanges.add(exchange);
    try {
      await this.#send(new PublishCall([{ ...message, to }]), [{ message, to, marks: noMarks, delayMs: 0 }]);
    } catch (error) {
      if (!hasCode(error, "MESSAGE_UNROUTABLE") || this.#doubtful.has(exchange)) throw error;
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

  #send(
    call: PublishCall,
    parcels: readonly Parcel[],
    { timeoutMs = defaultTimeoutMs, signal }: Withdrawable & { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ClosedError("The connection to the broker is closed."));
    if (signal?.aborted === true) return Promise.reject(toTransportError(signal.reason));
    const withdraw = (): void => this.#withdraw(call, toTransportError(signal?.reason));
    signal?.addEventListener("abort", withdraw, { once: true });
    call.timer = this.#parts.clock.timer(timeoutMs, () => this.#expire(call, timeoutMs));
    this.#calls.add(call);
    const over = (): void => {
      this.#calls.delete(call);
      signal?.removeEventListener("abort", withdraw);
    };
    call.promise.then(over, over);
    const routes = parcels.map((parcel) => this.#routeOf(parcel));
    if (parcels.every((parcel, index) => this.#isReady(parcel, routes[index]))) this.#post(call, parcels, routes);
    else void this.#prepareAndPost(call, parcels, routes);
    return call.promise;
  }

  #routeOf({ to, delayMs }: Parcel): DelayRoute | undefined {
    return delayMs > 0 ? this.#parts.delays.route(to, delayMs) : undefined;
  }

  #isReady({ to }: Parcel, route: DelayRoute | undefined): boolean {
    if (typeof to !== "string" && !this.#isThere(to.exchange)) return false;
    return route === undefined || route.isMade();
  }

  #isThere(exchange: string): boolean {
    if (this.#doubtful.has(exchange)) return false;
    return this.#parts.topology.hasExchange(exchange) || this.#exchanges.has(exchange);
  }

  /** To publish to an exchange that was deleted costs the channel, and all that is on its way over it: once, and not for each message. */
  #doubt({ to }: Parcel, route: DelayRoute | undefined): void {
    if (typeof to !== "string") this.#doubtful.add(to.exchange);
    if (route !== undefined) this.#parts.delays.forget();
  }

  async #prepareAndPost(
    call: PublishCall,
    parcels: readonly Parcel[],
    routes: readonly (DelayRoute | undefined)[],
  ): Promise<void> {
    try {
      for (const [index, parcel] of parcels.entries()) {
        const route = routes[index];
        if (this.#isReady(parcel, route)) continue;
        if (typeof parcel.to !== "string" && !this.#isThere(parcel.to.exchange)) await this.#look(parcel.to);
        if (route !== undefined) await this.#makeRoute(parcel, route);
      }
    } catch (error) {
      const [first] = parcels;
      return call.fail(toTransportError(error, { name: nameOf(first?.to ?? "") }));
    }
    if (!call.isSettled) this.#post(call, parcels, routes);
  }

  /** Here it shows that a queue is gone: as for a message without a delay, one that was declared here is made again, once. */
  async #makeRoute({ to }: Parcel, route: DelayRoute): Promise<void> {
    try {
      await route.make();
    } catch (error) {
      if (typeof to !== "string" || !isAmqpError(error) || error.kind !== "missing") throw error;
      await this.#parts.topology.redeclare(to);
      await route.make();
    }
  }

  /** @throws MESSAGE_UNROUTABLE for an exchange that does not exist */
  async #look(to: ExchangeAddress): Promise<void> {
    const { exchange } = to;
    const { calls, topology } = this.#parts;
    try {
      if (topology.hasExchange(exchange)) await topology.redeclareExchange(exchange);
      else await calls.call(`looking for exchange "${exchange}"`, (channel) => channel.checkExchange(exchange));
      this.#exchanges.add(exchange);
      this.#doubtful.delete(exchange);
    } catch (error) {
      throw toTransportError(error, { to });
    }
  }

  #post(call: PublishCall, parcels: readonly Parcel[], routes: readonly (DelayRoute | undefined)[]): void {
    call.postings = parcels.map((parcel, index) => this.#posting(call, parcel, { index, route: routes[index] }));
    this.#wire.post(call.postings);
  }

  #posting(
    call: PublishCall,
    parcel: Parcel,
    { index, route }: { readonly index: number; readonly route: DelayRoute | undefined },
  ): Posting {
    const { message, to, marks, isForGood = false } = parcel;
    const address = typeof to === "string" ? { exchange: "", routingKey: to } : to;
    const { exchange, routingKey, headers, restMs } = route ?? { ...address, headers: undefined, restMs: 0 };
    const { body } = message;
    let isLastTry = isForGood;
    const posting: Posting = {
      exchange,
      routingKey,
      properties: encodeMessage(message, { ...marks, restMs }, headers),
      body: asBuffer(body),
      state: "waiting",
      done: (error) => {
        if (error?.kind === "broken") this.#doubt(parcel, route);
        if (error?.kind === "unroutable" && exchange === "" && !isLastTry) {
          isLastTry = true;
          void this.#tryAgain(call, posting, index);
        } else call.settle(index, error === null ? null : toTransportError(error, { to: { exchange, routingKey } }));
      },
    };
    return posting;
  }

  /** A queue that was declared here and is gone is made again, once. */
  async #tryAgain(call: PublishCall, posting: Posting, index: number): Promise<void> {
    const { exchange, routingKey } = posting;
    try {
      this.#parts.delays.forgetQueue(routingKey);
      await this.#parts.topology.redeclare(routingKey);
      // Its caller was told meanwhile that nothing came of it.
      if (call.isSettled) return;
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
      : new PublishTimeoutError(timeoutText(call, time, link.session?.isBlocked === true));
    this.#withdraw(call, cause);
  }

  #withdraw(call: PublishCall, cause: Error): void {
    call.fail(cause);
    this.#wire.abandon(call.postings);
  }
}

function nameOf(to: string | ExchangeAddress): string {
  return typeof to === "string" ? to : to.exchange;
}
