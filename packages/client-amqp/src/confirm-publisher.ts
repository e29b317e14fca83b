import type { Clock, Log, Timer } from "@lovage/foundation";
import { backOff, FailureNews } from "@lovage/foundation";
import type { ConfirmChannel, Message } from "amqplib";

import { AmqpError, toAmqpError } from "./amqp-error.ts";
import type { AmqpSession } from "./amqp-session.ts";
import { closedBy } from "./closed-by.ts";
import { forbidden, refused, unconfirmed, unroutable } from "./posting-errors.ts";
import { finish, type Posting } from "./posting.ts";
import { publishOn } from "./publish-on.ts";

/** What a {@link ConfirmPublisher} works with. */
export interface PublisherOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** What may be on its way at once: enough to keep a broker busy, few enough to be held in memory twice. */
const most = { messages: 4_096, bytes: 16 * 1024 * 1024 } as const;
/** Waits before a channel that the server has closed, or refused, is opened again. */
const reopening = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;
/** A channel that was refused something is replaced at most this often, and what is on its way over it is waited for at most so long. */
const replacing = { everyMs: 1_000, drainMs: 250 } as const;

/**
 * Publishes over one channel in confirm mode: in order, with many messages on their way. What has not been written yet waits for the next
 * session, as long as its caller does; what was written and not confirmed when the channel ended is uncertain, and told so. But where it ended by one message, that
 * one is refused, and what was behind it waits for the next channel.
 */
export class ConfirmPublisher {
  readonly #options: PublisherOptions;
  readonly #flying = new Set<Posting>();
  /** Exchanges that have taken something of what went over the present channel. */
  readonly #takers = new Set<string>();
  #waiting: Posting[] = [];
  #next = 0;
  /** Abandoned ones among those that wait. */
  #stale = 0;
  #bytes = 0;
  #session: AmqpSession | undefined;
  #channel: ConfirmChannel | undefined;
  #isFull = false;
  #isPumping = false;
  #isClosed = false;
  #reopening: Timer | undefined;
  /** Attempts in a row to open a channel. */
  #refusals = 0;
  readonly #opening: FailureNews;
  /** Those that were replaced: their end is nobody's loss, however late it comes. */
  readonly #retired = new WeakSet<ConfirmChannel>();
  /** While it runs nothing is written: the channel is replaced when all that was is confirmed. */
  #drain: Timer | undefined;
  #replacedAtMs = -Infinity;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#opening = new FailureNews(options.log, "A channel for publishing could not be opened; trying again.");
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#session = session;
    this.#refusals = 0;
    session.onBlocked((isBlocked, reason) => {
      if (isBlocked) this.#options.log.warn("RabbitMQ takes no messages for now.", { reason });
      else this.#options.log.info("RabbitMQ takes messages again.");
      this.#pump();
    });
    session.ended.addEventListener("abort", () => this.#leave(session), { once: true });
    void this.#open(session);
  }

  /** Sends messages, in this order and after all that were posted before. */
  post(postings: readonly Posting[]): void {
    for (const posting of postings) this.#waiting.push(posting);
    this.#pump();
  }

  /** Nobody waits for these any more. Those that were written may be accepted all the same. */
  abandon(postings: readonly Posting[]): void {
    for (const posting of postings) {
      if (posting.state === "waiting") this.#stale += 1;
      posting.state = "over";
    }
    // With the broker away for long, what nobody waits for must not pile up.
    if (this.#isPumping || this.#stale * 2 <= this.#waiting.length - this.#next) return;
    this.#waiting = this.#waiting.slice(this.#next).filter(({ state }) => state === "waiting");
    this.#next = 0;
    this.#stale = 0;
  }

  /** Ends what is pending: written messages as uncertain, others as not sent. */
  close(): void {
    this.#isClosed = true;
    this.#reopening?.cancel();
    this.#session = undefined;
    this.#fail("the connection was closed");
    const unsent = this.#waiting.slice(this.#next);
    this.#waiting = [];
    this.#next = 0;
    for (const posting of unsent) {
      finish(posting, new AmqpError("The message was not sent: the connection was closed.", { kind: "unavailable" }));
    }
  }

  async #open(session: AmqpSession): Promise<void> {
    try {
      const channel = await session.confirmChannel();
      if (this.#session !== session) return;
      this.#refusals = 0;
      this.#opening.succeeded();
      channel.on("return", (message: Message) => this.#onReturn(message));
      channel.on("drain", () => {
        this.#isFull = false;
        this.#pump();
      });
      let cause: Error | undefined;
      channel.once("error", (error: Error) => (cause = error));
      channel.once("close", () => {
        if (!this.#retired.has(channel)) this.#onChannelClosed(session, cause);
      });
      this.#channel = channel;
      this.#takers.clear();
      this.#isFull = false;
      this.#pump();
    } catch (error) {
      if (session.ended.aborted || this.#session !== session) return;
      this.#opening.failed(error);
      this.#refusals += 1;
      this.#reopen(session);
    }
  }

  #onChannelClosed(session: AmqpSession, cause: Error | undefined): void {
    if (this.#session !== session) return;
    this.#channel = undefined;
    if (cause !== undefined) this.#blame(cause);
    this.#fail(cause?.message ?? "the channel was closed");
    if (session.ended.aborted) return;
    if (cause !== undefined) {
      this.#options.log.warn("RabbitMQ closed the channel for publishing; opening another.", { error: cause.message });
    }
    this.#reopen(session);
  }

  #reopen(session: AmqpSession): void {
    this.#reopening?.cancel();
    this.#reopening = this.#options.clock.timer(backOff(reopening, this.#refusals), () => {
      if (this.#session === session && !session.ended.aborted) void this.#open(session);
    });
  }

  #leave(session: AmqpSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#channel = undefined;
    this.#fail((session.ended.reason as Error).message);
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    while (this.#next < this.#waiting.length && this.#mayWrite()) {
      const posting = this.#waiting[this.#next];
      if (posting?.state === "over") this.#stale -= 1;
      else if (posting !== undefined && !this.#write(posting)) break;
      this.#next += 1;
    }
    if (this.#next > 1_024 || this.#next === this.#waiting.length) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    this.#isPumping = false;
  }

  #mayWrite(): boolean {
    const isOpen = this.#channel !== undefined && this.#session?.isBlocked === false;
    return (
      isOpen &&
      !this.#isFull &&
      this.#drain === undefined &&
      this.#flying.size < most.messages &&
      this.#bytes < most.bytes
    );
  }

  /** @returns whether it is dealt with; otherwise the channel has just ended */
  #write(posting: Posting): boolean {
    const channel = this.#channel;
    if (channel === undefined) return false;
    try {
      const hasRoom = publishOn(channel, posting, (error) => this.#onConfirm(posting, error));
      posting.state = "sent";
      this.#flying.add(posting);
      this.#bytes += posting.body.byteLength;
      this.#isFull = !hasRoom;
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === "IllegalOperationError") {
        this.#channel = undefined;
        return false;
      }
      finish(posting, toAmqpError(error, this.#session?.where ?? "no host", "publishing"));
      return true;
    }
  }

  #onConfirm(posting: Posting, error: unknown): void {
    // The channel has ended: `#fail` tells, with the cause.
    if (!this.#flying.has(posting) || (error instanceof Error && error.message === "channel closed")) return;
    this.#flying.delete(posting);
    this.#bytes -= posting.body.byteLength;
    this.#takers.add(posting.exchange);
    const isRefused = error !== null && error !== undefined;
    if (posting.state === "returned") finish(posting, unroutable(posting));
    else finish(posting, isRefused ? refused(posting) : null);
    if (isRefused) this.#beginDrain();
    this.#replaceIfDrained();
    this.#pump();
  }

  /**
   * Where the leader of a quorum queue was lost, a channel of RabbitMQ 3.10 that first publishes to it goes on asking the node that is gone, and refuses
   * for ever; another channel knows the new leader. A queue at its length limit refuses too: then this costs a pause of a moment, once a second.
   */
  #beginDrain(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#drain !== undefined || nowMs - this.#replacedAtMs < replacing.everyMs) return;
    this.#replacedAtMs = nowMs;
    this.#drain = clock.timer(replacing.drainMs, () => {
      this.#endDrain();
      this.#pump();
    });
  }

  #endDrain(): void {
    this.#drain?.cancel();
    this.#drain = undefined;
  }

  #replaceIfDrained(): void {
    const session = this.#session;
    const channel = this.#channel;
    if (this.#drain === undefined || this.#flying.size > 0 || session === undefined || channel === undefined) return;
    this.#endDrain();
    this.#retired.add(channel);
    this.#channel = undefined;
    void session.closeChannel(channel);
    void this.#open(session);
  }

  /**
   * A return comes before the confirm of the same message, and names no tag: it is the first of those on their way that looks like it. Two that
   * look alike are routed alike.
   */
  #onReturn({ fields, properties }: Message): void {
    for (const posting of this.#flying) {
      const { exchange, routingKey, state } = posting;
      if (state !== "sent" || exchange !== fields.exchange || routingKey !== fields.routingKey) continue;
      if (posting.properties.messageId !== (properties.messageId as unknown)) continue;
      posting.state = "returned";
      return;
    }
  }

  /** Where one message ended the channel, it alone is refused: the server has passed over all behind it, which goes out again. */
  #blame(cause: Error): void {
    const flying = [...this.#flying];
    const culprit = closedBy(cause, flying, this.#takers);
    if (culprit === undefined) return;
    const behind = flying.slice(flying.indexOf(culprit) + 1);
    for (const posting of [culprit, ...behind]) {
      this.#flying.delete(posting);
      this.#bytes -= posting.body.byteLength;
    }
    const wanted = behind.filter(({ state }) => state !== "over");
    for (const posting of wanted) posting.state = "waiting";
    this.#waiting = [...wanted, ...this.#waiting.slice(this.#next)];
    this.#next = 0;
    finish(culprit, forbidden(culprit, cause));
  }

  /** Nothing is on its way any more. */
  #fail(why: string): void {
    this.#endDrain();
    const flying = [...this.#flying];
    this.#flying.clear();
    this.#bytes = 0;
    for (const posting of flying) finish(posting, unconfirmed(posting, why));
  }
}
