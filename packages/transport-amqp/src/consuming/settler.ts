import type { Clock, Log } from "@lovage/foundation";
import { backOff, errorText, hasCode } from "@lovage/foundation";
import type { Message, OutgoingMessage } from "@lovage/transport";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

import type { Arrival } from "./consumer-channel.ts";
import type { AmqpDelivery, Settlement } from "./delivery.ts";
import type { Marks } from "../wire/message-codec.ts";
import type { Past } from "../wire/parcel.ts";
import type { Publisher } from "../publishing/publisher.ts";
import { SentMessages } from "../publishing/sent-messages.ts";
import type { UnsettledOriginals } from "./unsettled-originals.ts";

/** What a {@link Settler} works with. */
export interface SettlerParts {
  readonly publisher: Pick<Publisher, "publish" | "forward">;
  readonly originals: UnsettledOriginals;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where a message is moved. */
export interface Move {
  readonly to: string;
  readonly marks: Marks;
  readonly delayMs: number;
}

const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;

/**
 * Settles deliveries. RabbitMQ has no transactions over quorum queues, so whatever is to be published with a settlement is confirmed first, and the
 * delivery is acknowledged after that: a crash in between leaves two copies, never none. Before anything is published the broker is asked
 * whether the delivery is still ours, so that who has lost it publishes nothing; and what is not written yet when it is lost is not written. What was
 * written and not confirmed in time is waited for when the settlement is repeated, and not written again.
 */
export class Settler {
  readonly #parts: SettlerParts;

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** @throws what the channel ended by; what the broker says to a follow-up, the delivery being unsettled then */
  settle(delivery: AmqpDelivery, settlement: Settlement): Promise<void> {
    const { arrival } = delivery;
    // The usual case: nothing is published, so that there is nothing to wait for but the broker.
    if (settlement.kind === "ack" && settlement.followUps.length === 0) return arrival.channel.ack(arrival);
    const successors =
      settlement.kind === "release"
        ? [delivery.message.properties.messageId]
        : settlement.followUps.map(({ properties }) => properties.messageId);
    if (successors.length === 0) return this.#settle(delivery, settlement);
    return this.#parts.originals.during(successors, () => this.#settle(delivery, settlement));
  }

  /** Moves a message that nobody was given, however long it takes, as long as it is ours. @throws what the channel ended by */
  move(arrival: Arrival, message: Message, move: Move): Promise<void> {
    return this.#parts.originals.during([message.properties.messageId], () => this.#move(arrival, message, move));
  }

  async #settle(delivery: AmqpDelivery, settlement: Settlement): Promise<void> {
    const { arrival } = delivery;
    switch (settlement.kind) {
      case "ack":
        await this.#publish(delivery, settlement.followUps);
        break;
      case "release":
        await this.#copy(delivery, settlement.delayMs);
        break;
      case "reject":
        await this.#publish(delivery, settlement.followUps);
        await this.#bury(delivery, settlement);
        break;
    }
    await arrival.channel.ack(arrival);
  }

  async #move(arrival: Arrival, message: Message, { to, marks, delayMs }: Move): Promise<void> {
    const { publisher, clock, log } = this.#parts;
    const sent = new SentMessages();
    for (let attempt = 0; ; attempt += 1) {
      await arrival.channel.alive();
      try {
        await publisher.forward(message, to, { marks, delayMs, signal: arrival.channel.leaving, sent });
        break;
      } catch (error) {
        if (hasCode(error, "CLOSED") || arrival.channel.hasEnded) throw error;
        log.warn(`Message ${message.properties.messageId} could not be moved to queue "${to}"; trying again.`, {
          error: errorText(error),
        });
      }
      await clock.sleep(backOff(waits, attempt), { signal: arrival.channel.ended });
    }
    await arrival.channel.ack(arrival);
  }

  /** Queues that take nothing for now hold up what is for them alone: what others have accepted in an attempt before is there already. */
  async #publish(delivery: AmqpDelivery, followUps: readonly OutgoingMessage[]): Promise<void> {
    const { arrival, sent } = delivery;
    if (followUps.length === 0) return;
    await arrival.channel.alive();
    const pastOf = (message: OutgoingMessage): Past | undefined => pastIn(delivery, message);
    await this.#parts.publisher.publish(followUps, { signal: arrival.channel.leaving, sent, pastOf });
  }

  /** Giving back by the broker's own means would count as a loss on a quorum queue, and bring it nearer to its delivery limit. */
  async #copy({ arrival, message, marks, source, fence, queue, sent }: AmqpDelivery, delayMs: number): Promise<void> {
    await arrival.channel.alive();
    const to = delayMs > 0 ? queue : source;
    const copied = { ...marks, deliveries: fence };
    const { leaving: signal } = arrival.channel;
    await this.#parts.publisher.forward(message, to, { marks: copied, delayMs, signal, sent });
  }

  async #bury(
    { arrival, message, fence, count, queue, sent }: AmqpDelivery,
    { reason }: Extract<Settlement, { kind: "reject" }>,
  ): Promise<void> {
    await arrival.channel.alive();
    const dead = withDeath(message, { ...reason, queue, count, atMs: this.#parts.clock.now() });
    // The losses are forgotten; the fence goes on, since a replay must be newer than what was before.
    const marks = { losses: 0, deliveries: fence, restMs: 0 };
    const { leaving: signal } = arrival.channel;
    await this.#parts.publisher.forward(dead, deadLetterQueueOf(queue), { marks, signal, sent });
  }
}

/** Of a follow-up that is the delivered message again, as it is given back with a note: its fence goes on, and its losses are not forgotten. */
function pastIn({ message, marks, fence, queue, source }: AmqpDelivery, next: OutgoingMessage): Past | undefined {
  if (next.to !== queue || next.properties.messageId !== message.properties.messageId) return undefined;
  return { marks: { losses: marks.losses, deliveries: fence, restMs: 0 }, source };
}
