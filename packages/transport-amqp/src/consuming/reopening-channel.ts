import type { AmqpSession, CallChannel } from "@lovage/client-amqp";
import { isAmqpError } from "@lovage/client-amqp";
import type { Clock, Log, Timer } from "@lovage/foundation";
import { asError, backOff, errorText, hasCode } from "@lovage/foundation";

import { ArrivalWatch } from "./arrival-watch.ts";
import { ConsumerChannel, type Arrival } from "./consumer-channel.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";

/** What a {@link ReopeningChannel} works with. */
export interface ReopeningParts {
  readonly queue: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly topology: DeclaredTopology;
  /** Over the connection that consumes: under an alarm the server does not read from who publishes. */
  readonly calls: CallChannel;
  readonly onArrival: (arrival: Arrival) => void;
  /** Another channel is there: give it its cap. */
  readonly onOpen: () => void;
  /** Everything that came over the channel is lost. */
  readonly onEnd: (cause: Error) => void;
  /** Nothing may come unasked any more. */
  readonly onQuiet: () => void;
}

/** Waits before a channel that ended is opened again, while its connection lives. */
const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;
/** One that ends sooner has ended by something that is there still. */
const steadyAfterMs = 5_000;

/**
 * The channel of one consumer, one after the other: opened again when the server closed it, and on each new session. A queue that is gone is
 * declared again before.
 */
export class ReopeningChannel {
  readonly #parts: ReopeningParts;
  readonly #begun = Promise.withResolvers<void>();
  readonly #watch: ArrivalWatch;
  #channel: ConsumerChannel | undefined;
  #newest: AmqpSession | undefined;
  #isOpening = false;
  #hasBegun = false;
  #isClosed = false;
  #failures = 0;
  #openedAtMs = 0;
  #timer: Timer | undefined;

  constructor(parts: ReopeningParts) {
    this.#parts = parts;
    this.#watch = new ArrivalWatch({ ...parts, onKept: parts.onOpen });
    // Whoever begins is told; later there is nobody to tell.
    this.#begun.promise.catch(() => {});
  }

  /** The present channel; `undefined` while there is none. */
  get current(): ConsumerChannel | undefined {
    return this.#channel;
  }

  /** Resolves once consumption has begun; rejects when the first attempt fails. @throws AmqpError */
  async begin(session: AmqpSession): Promise<void> {
    this.#newest = session;
    await this.#open(session);
    // Nothing is wanted for now, since a suspect runs alone: its consumer comes with the cap, which may be hours later.
    if (this.#channel?.isQuiet === true) this.#onBegun();
    await session.answer(this.#begun.promise, `consuming from queue "${this.#parts.queue}"`);
  }

  /** Goes on over a new session. */
  restart(session: AmqpSession): void {
    this.#failures = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#newest = session;
    void this.#reopen(session);
  }

  /** No further channel from now on; the present one stays. */
  stop(): void {
    this.#isClosed = true;
    this.#watch.end();
    this.#timer?.cancel();
  }

  async #open(session: AmqpSession): Promise<void> {
    if (this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    const { queue, topology, calls, onArrival, onOpen } = this.#parts;
    try {
      await this.#declareSuspects(session);
      await topology.restoreExits(queue, calls);
      const onEnd = (cause: Error): void => this.#onEnd(session, cause);
      const onQuiet = (): void => this.#onQuiet();
      const events = { onArrival, onQuiet, onEnd, onBegun: () => this.#onBegun() };
      const { type, consumerTimeoutMs } = topology.formOf(queue);
      const timeoutMs = type === "quorum" ? consumerTimeoutMs : undefined;
      const channel = await ConsumerChannel.open(session, { name: queue, timeoutMs }, events);
      // It was closed, or its session ended, while the channel was opened.
      if (this.#hasStopped() || session.ended.aborted) return await channel.close();
      this.#channel = channel;
      this.#watch.over(channel);
      this.#openedAtMs = this.#parts.clock.monotonic();
    } finally {
      this.#isOpening = false;
      // One that came meanwhile was turned away.
      if (this.#newest !== undefined && this.#newest !== session) void this.#reopen(this.#newest);
    }
    onOpen();
  }

  /** A queue whose node is away, or that has crashed there, keeps nobody from the ordinary messages: they may be on another node. What is to be moved there waits for it. */
  async #declareSuspects(session: AmqpSession): Promise<void> {
    const { queue, topology, calls, log } = this.#parts;
    try {
      await topology.declareSuspects(queue, calls);
    } catch (error) {
      if (!hasCode(error, "TRANSPORT_UNAVAILABLE") || session.ended.aborted) throw error;
      log.warn(`Suspects of queue "${queue}" cannot be run for now, since a queue for them is away.`, {
        error: errorText(error),
      });
    }
  }

  /** Behind a method, since the compiler does not know that it changes while others run. */
  #hasStopped(): boolean {
    return this.#isClosed;
  }

  #onBegun(): void {
    this.#hasBegun = true;
    this.#begun.resolve();
  }

  #onQuiet(): void {
    this.#watch.onQuiet();
    this.#parts.onQuiet();
  }

  #onEnd(session: AmqpSession, cause: Error): void {
    const wasOpen = this.#channel !== undefined;
    const wasReplaced = this.#watch.end();
    this.#channel = undefined;
    if (wasOpen && this.#parts.clock.monotonic() - this.#openedAtMs >= steadyAfterMs) this.#failures = 0;
    if (!this.#hasBegun) this.#begun.reject(cause);
    else if (!this.#isClosed && !session.ended.aborted && !wasReplaced) this.#warn(cause);
    this.#parts.onEnd(cause);
    if (this.#hasBegun) this.#schedule(session, cause);
  }

  #warn(cause: Error): void {
    const isTimeout = isAmqpError(cause) && cause.kind === "ack-timeout";
    this.#parts.log.warn(`The channel of queue "${this.#parts.queue}" has ended; opening another.`, {
      error: cause.message,
      ...(isTimeout
        ? {
            advice:
              "consumer_timeout of the server is shorter than Lovage was told, or nothing could be renewed: see consumerTimeout.",
          }
        : {}),
    });
  }

  #schedule(session: AmqpSession, cause: Error): void {
    if (this.#isClosed || session.ended.aborted || this.#timer !== undefined) return;
    const ms = backOff(waits, this.#failures);
    this.#failures += 1;
    this.#timer = this.#parts.clock.timer(ms, () => {
      this.#timer = undefined;
      void this.#reopen(session, cause);
    });
  }

  async #reopen(session: AmqpSession, cause?: Error): Promise<void> {
    if (this.#isClosed || session.ended.aborted || this.#channel !== undefined) return;
    const { queue, topology, calls, log } = this.#parts;
    try {
      // Declaring what is there changes nothing; what is gone is made again.
      if (cause !== undefined) await topology.redeclare(queue, calls);
      await this.#open(session);
    } catch (error) {
      log.warn(`Queue "${queue}" cannot be consumed for now.`, { error: errorText(error) });
      this.#schedule(session, asError(error));
    }
  }
}
