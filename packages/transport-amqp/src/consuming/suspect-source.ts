import type { Clock } from "@lovage/foundation";
import { within } from "@lovage/foundation";

import type { Arrival, ConsumerChannel } from "./consumer-channel.ts";
import { decodeMessage } from "../wire/message-codec.ts";
import type { OwnSettlements } from "./own-settlements.ts";
import { aloneQueueOf, suspectsQueueOf } from "../wire/queue-form.ts";
import type { Settler } from "./settler.ts";

/** What a {@link SuspectSource} works with. */
export interface SuspectSourceParts {
  readonly queue: string;
  readonly isQuorum: boolean;
  readonly settler: Pick<Settler, "move">;
  /** Counts what is under way, so that the consumer is not taken for idle. */
  readonly own: Pick<OwnSettlements, "watch">;
  readonly clock: Clock;
  /** Messages that wait in a queue, asked over another channel. @throws QUEUE_NOT_FOUND, TRANSPORT_UNAVAILABLE */
  readonly countReady: (queue: string) => Promise<number>;
}

/** A suspect, and the queue it was fetched from. */
export interface Suspect {
  readonly arrival: Arrival;
  readonly source: string;
}

/** How long everything else waits for a suspect that cannot be moved, as under a memory or disk alarm. */
const moveMs = 5_000;

/**
 * Where the suspects of a queue are fetched, one by one.
 *
 * ```
 *   quorum                           classic
 *   [ mail.suspects ] ─▶ consumer    [ mail.suspects ] ── copy, then ack ──▶ [ mail.suspects.alone ] ─▶ consumer
 * ```
 *
 * On a classic queue the second one holds what somebody has taken to run it alone, and nothing else: so what comes back to it was lost alone, whatever a crash of
 * the node says of those that wait in the first.
 */
export class SuspectSource {
  readonly #parts: SuspectSourceParts;
  readonly #waiting: string;
  readonly #alone: string;

  constructor(parts: SuspectSourceParts) {
    this.#parts = parts;
    this.#waiting = suspectsQueueOf(parts.queue);
    this.#alone = aloneQueueOf(parts.queue);
  }

  /** How many can be run now. @throws QUEUE_NOT_FOUND, TRANSPORT_UNAVAILABLE: none, since a queue is away that each of them needs */
  async count(): Promise<number> {
    const { isQuorum, countReady } = this.#parts;
    if (isQuorum) return await countReady(this.#waiting);
    const left = await countReady(this.#alone);
    try {
      return left + (await countReady(this.#waiting));
    } catch (error) {
      if (left > 0) return left;
      throw error;
    }
  }

  /** The next one, if there is one. @throws AmqpError, what the channel ended by; as `count` does */
  async next(channel: ConsumerChannel): Promise<Suspect | undefined> {
    const { isQuorum, countReady } = this.#parts;
    if (isQuorum) return await fetch(channel, this.#waiting);
    // Each is asked for before: one whose node is away ends the channel that fetches from it, and with it the consumer of all ordinary messages.
    const left = (await countReady(this.#alone)) > 0 ? await fetch(channel, this.#alone) : undefined;
    if (left !== undefined || (await countReady(this.#waiting)) === 0) return left;
    return (await this.#setApart(channel)) ? await fetch(channel, this.#alone) : undefined;
  }

  /** @returns whether there is one more now in the queue of those that run alone */
  async #setApart(channel: ConsumerChannel): Promise<boolean> {
    const { settler, own, clock } = this.#parts;
    const arrival = await channel.get(this.#waiting);
    if (arrival === undefined) return false;
    // Its flag says nothing of it: with a crash of the node all that wait are flagged.
    const { message, marks } = decodeMessage(arrival.raw, true);
    let isMoved = false;
    const moving = settler.move(arrival, message, { to: this.#alone, marks, delayMs: 0 });
    own.watch(moving.then(() => void (isMoved = true)));
    await within(clock, moveMs, moving);
    // It goes back, and nothing else is held on this channel: others must not wait for as long as the broker takes no messages.
    if (!isMoved) await channel.close();
    return isMoved;
  }
}

async function fetch(channel: ConsumerChannel, source: string): Promise<Suspect | undefined> {
  const arrival = await channel.get(source);
  return arrival === undefined ? undefined : { arrival, source };
}
