import { randomUUID } from "node:crypto";
import { AmqpError, type AmqpSession } from "@lovage/client-amqp";
import { errorText, within, type Clock, type Log } from "@lovage/foundation";

import { ConsumerChannel, mostPrefetch, type Arrival } from "./consumer-channel.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";
import type { AmqpDelivery } from "./delivery.ts";
import { renewalOf } from "../wire/message-codec.ts";
import type { Publisher } from "../publishing/publisher.ts";
import { holdingQueueOf } from "../wire/queue-form.ts";

/** What a {@link HoldingQueue} works with. */
export interface HoldingQueueParts {
  /** Whose messages it holds. */
  readonly queue: string;
  /** That of the consumer. */
  readonly session: AmqpSession;
  readonly topology: Pick<DeclaredTopology, "declareHolding" | "deleteHolding" | "formOf">;
  readonly publisher: Pick<Publisher, "renew">;
  readonly clock: Clock;
  readonly log: Log;
  /** A delivery is held by another arrival; `before` is left to be acknowledged. */
  readonly onRenewed: (before: Arrival) => void;
  /** All that is held here is lost to us. */
  readonly onEnd: (cause: Error) => void;
}

/** Longer than a copy lives in its queue: one that has not come by then was passed on, since the queue had no leader for a while, and never will. */
const comesWithinMs = 10_000;

interface Awaited {
  readonly delivery: AmqpDelivery;
  readonly over: () => void;
}

/**
 * A queue with one consumer, ourselves: what is held for long is held again by a copy in it, whose time at the broker begins anew. The copy is
 * in our hands before the original is acknowledged.
 *
 * ```
 *                     deliver                      copy, then ack
 *   [ mail ] ───────────────────▶ this consumer ───────────────────▶ [ mail.held.X ] ──▶ this consumer
 *      ▲                                                                    │
 *      └───────────── at once when this consumer is gone (TTL) ─────────────┘
 * ```
 *
 * Nobody else consumes it, so that nobody else can have the copy while this consumer lives. When it is gone the broker takes the copies back, finds that their
 * time to live is over, and passes them on, counted as lost. A copy that has no delivery any more is acknowledged, since its original was not.
 */
export class HoldingQueue {
  readonly #parts: HoldingQueueParts;
  readonly #name: string;
  readonly #begun = Promise.withResolvers<void>();
  /** Copies on their way, by the names they have. */
  readonly #awaited = new Map<string, Awaited>();
  #channel: ConsumerChannel | undefined;

  private constructor(parts: HoldingQueueParts) {
    this.#parts = parts;
    this.#name = holdingQueueOf(parts.queue, randomUUID());
    // Whoever opens it is told.
    this.#begun.promise.catch(() => {});
  }

  /** @throws AmqpError, TRANSPORT_UNAVAILABLE */
  static async open(parts: HoldingQueueParts): Promise<HoldingQueue> {
    const holding = new HoldingQueue(parts);
    try {
      await holding.#open();
      return holding;
    } catch (error) {
      await holding.#channel?.close();
      throw error;
    }
  }

  get hasEnded(): boolean {
    return this.#channel?.hasEnded ?? false;
  }

  /**
   * Holds a delivery by a copy of its message, if it is still unsettled when the copy comes.
   * @throws what the publication failed by, or what a channel ended by; the delivery is then held as before
   */
  async renew(delivery: AmqpDelivery): Promise<void> {
    const { publisher, clock } = this.#parts;
    const { arrival, message, marks, fence } = delivery;
    // A copy that nobody waits for would run elsewhere: before it is sent both ends must be there.
    const channel = this.#channel;
    await Promise.all([arrival.channel.alive(), channel?.alive()]);
    const renewal = randomUUID();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.set(renewal, { delivery, over: resolve });
    try {
      const copied = { losses: marks.losses + 1, deliveries: fence, restMs: 0, renewal };
      await publisher.renew(message, this.#name, { marks: copied, signal: channel?.leaving });
    } catch (error) {
      // It may have come all the same.
      if (this.#awaited.delete(renewal)) throw error;
    }
    await within(clock, comesWithinMs, promise);
    if (!this.#awaited.delete(renewal)) return;
    throw new AmqpError(`The copy of a message of queue "${this.#parts.queue}" that is held for long did not come.`, {
      kind: "unavailable",
    });
  }

  /** Lets go of it. What is held by it goes back to the queue it came from. Never rejects. */
  async close(): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined || channel.hasEnded) return;
    try {
      // Whatever was acknowledged is gone from it once this has been answered.
      await channel.alive();
      if (channel.held === 0 && this.#awaited.size === 0) await this.#parts.topology.deleteHolding(this.#name);
    } catch (error) {
      // It ends by itself after a day.
      this.#parts.log.debug(`Queue "${this.#name}" could not be deleted.`, { error: errorText(error) });
    }
    await channel.close();
  }

  async #open(): Promise<void> {
    const { queue, session, topology } = this.#parts;
    await topology.declareHolding(this.#name, queue);
    const { consumerTimeoutMs: timeoutMs } = topology.formOf(queue);
    this.#channel = await ConsumerChannel.open(
      session,
      { name: this.#name, timeoutMs, isOurs: true },
      {
        onArrival: (arrival) => this.#take(arrival),
        onEnd: (cause) => this.#end(cause),
        onBegun: () => this.#begun.resolve(),
        onQuiet: () => {},
      },
    );
    this.#channel.setCap(mostPrefetch);
    await session.answer(this.#begun.promise, `consuming from queue "${this.#name}"`);
  }

  #take(arrival: Arrival): void {
    const renewal = renewalOf(arrival.raw) ?? "";
    const awaited = this.#awaited.get(renewal);
    this.#awaited.delete(renewal);
    const before = awaited?.delivery.holdBy(arrival);
    if (before === undefined) void this.#drop(arrival);
    else this.#parts.onRenewed(before);
    awaited?.over();
  }

  async #drop(arrival: Arrival): Promise<void> {
    try {
      await arrival.channel.ack(arrival);
    } catch {
      // The channel has ended: the copy goes back beside its original, as after any crash between the two.
    }
  }

  #end(cause: Error): void {
    this.#begun.reject(cause);
    for (const { over } of this.#awaited.values()) over();
    this.#awaited.clear();
    this.#parts.onEnd(cause);
  }
}
