import type { AmqpSession, Channel, GetMessage } from "@lovage/client-amqp";
import type { Clock } from "@lovage/foundation";
import type { Message } from "@lovage/transport";

import { decodeMessage, type Marks, type Received } from "./wire/message-codec.ts";
import type { Publisher } from "./publishing/publisher.ts";
import { SentMessages } from "./publishing/sent-messages.ts";

/** What becomes of a message that was looked at. */
export type Fate =
  | { readonly kind: "keep" }
  | { readonly kind: "drop" }
  | { readonly kind: "move"; readonly to: string; readonly message: Message; readonly marks: Marks };

/** How a queue is scanned. */
export interface ScanOptions {
  readonly queue: string;
  readonly isQuorum: boolean;
  /**
   * How what is kept goes back: as copies at the end of the queue, or by the broker to its old place. The latter counts as a loss, and so is for
   * dead letters alone, whose losses mean nothing any more.
   */
  readonly givesBackCopies: boolean;
  readonly clock: Clock;
}

/** A message that is in our hands. */
type Taken = Received & { readonly raw: GetMessage };

/** One whose copy was not confirmed in time. */
interface Unconfirmed {
  readonly raw: GetMessage;
  readonly sent: SentMessages;
}

/** Where a message goes on. */
interface Copy {
  readonly message: Message;
  readonly to: string;
  readonly marks: Marks;
  readonly delayMs?: number;
}

/**
 * Takes messages from the head of a queue, one after the other, decides what becomes of each, and gives back what stays.
 *
 * Of an ordinary queue what stays goes to its end, confirmed and then acknowledged: with all of a queue scanned the order is the old one, with a part of
 * it that part is last. Nothing is lost by a crash in between; a message may then be there twice. One whose copy was written and is not confirmed in time,
 * as under an alarm, stays in our hands until it is known what became of the copy, after the call has failed.
 *
 * Each goes back before the next one is taken: what is in our hands when the scan does not come to its end counts as lost, and twice makes a
 * suspect of it. Only those with a priority wait for the end, since their copies would come before what was not seen yet.
 */
export class QueueScan {
  readonly #channel: Channel;
  readonly #session: AmqpSession;
  readonly #publisher: Publisher;
  readonly #options: ScanOptions;
  /** What the broker is to give back. */
  #held = 0;
  readonly #unconfirmed: Unconfirmed[] = [];

  private constructor(channel: Channel, session: AmqpSession, publisher: Publisher, options: ScanOptions) {
    this.#channel = channel;
    this.#session = session;
    this.#publisher = publisher;
    this.#options = options;
  }

  /** @throws AmqpError */
  static async open(session: AmqpSession, publisher: Publisher, options: ScanOptions): Promise<QueueScan> {
    return new QueueScan(await session.channel(), session, publisher, options);
  }

  /**
   * @param most How many messages to look at.
   * @returns how many were dropped or moved
   */
  async run(most: number, decide: (received: Received) => Fate): Promise<number> {
    const later: Taken[] = [];
    try {
      return await this.#run(most, decide, later);
    } finally {
      for (const taken of later) await this.#copyBack(taken);
    }
  }

  async #run(most: number, decide: (received: Received) => Fate, later: Taken[]): Promise<number> {
    const { queue, isQuorum, givesBackCopies } = this.#options;
    let changed = 0;
    for (let seen = 0; seen < most; seen += 1) {
      const raw = await this.#session.answer(this.#channel.get(queue), `fetching from queue "${queue}"`);
      if (raw === false) break;
      const received = decodeMessage(raw, isQuorum);
      const fate = decide(received);
      if (fate.kind === "keep") {
        const taken = { ...received, raw };
        if (!givesBackCopies) this.#held += 1;
        else if (hasPriority(received)) later.push(taken);
        else await this.#copyBack(taken);
        continue;
      }
      if (fate.kind === "move") await this.#pass(raw, fate);
      else this.#channel.ack(raw);
      changed += 1;
    }
    return changed;
  }

  async #copyBack({ message, marks, raw }: Taken): Promise<void> {
    await this.#pass(raw, { message, to: this.#options.queue, marks, delayMs: marks.restMs });
  }

  async #pass(raw: GetMessage, { message, to, ...how }: Copy): Promise<void> {
    const sent = new SentMessages();
    try {
      await this.#publisher.forward(message, to, { ...how, sent });
    } catch (error) {
      this.#unconfirmed.push({ raw, sent });
      throw error;
    }
    this.#channel.ack(raw);
  }

  /** What was not settled goes back to its place. Waits for no copy whose call has failed. Never rejects. */
  async close(): Promise<void> {
    const closing = this.#close();
    if (this.#unconfirmed.every(({ sent }) => sent.isOver)) await closing;
  }

  async #close(): Promise<void> {
    try {
      for (const each of this.#unconfirmed) await this.#settle(each);
      if (this.#held > 0) await this.#giveBack();
      await this.#session.answer(this.#channel.close(), "closing a channel");
    } catch {
      // The channel has ended, and what was not settled is back in the queue.
    }
  }

  async #settle({ raw, sent }: Unconfirmed): Promise<void> {
    await sent.over();
    if (sent.hasAccepted) this.#channel.ack(raw);
  }

  /** A quorum queue gives back a little later than it is told to; who looks again at once would miss it. */
  async #giveBack(): Promise<void> {
    this.#channel.nackAll(true);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const { messageCount } = await this.#session.answer(this.#channel.checkQueue(this.#options.queue), "counting");
      if (messageCount >= this.#held) return;
      await this.#options.clock.sleep(attempt);
    }
  }
}

function hasPriority({ message }: Received): boolean {
  return (message.properties.priority ?? 0) > 0;
}
