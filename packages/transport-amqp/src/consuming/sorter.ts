import type { ConsumeMessage, GetMessage } from "@lovage/client-amqp";
import type { Message } from "@lovage/transport";

import { decodeMessage, type Marks } from "../wire/message-codec.ts";
import { aloneQueueOf, suspectsQueueOf } from "../wire/queue-form.ts";

/** What a {@link Sorter} goes by. */
export interface SorterOptions {
  readonly queue: string;
  readonly maxDeliveries: number;
  readonly isQuorum: boolean;
}

/** What is to be done with a message that came. */
export type Sorted = {
  readonly message: Message;
  readonly marks: Marks;
} & (
  | { readonly next: "hand-out" | "exhausted" }
  | { readonly next: "forward"; readonly to: string; readonly delayMs: number }
);

/**
 * Decides what becomes of a message that came:
 *
 * | it | then |
 * |---|---|
 * | is not due, since its delay is longer than the ladder | goes up the ladder again |
 * | was lost as often as is allowed, the last time alone | is exhausted |
 * | may be lost once more at most, and comes from the queue itself | goes to the queue of suspects |
 * | came back to a classic queue, which does not count | goes to the end of the queue, or to that of suspects, with its count |
 * | was held by a copy whose holder is gone | goes to the end of the queue with the count that stands in it |
 * | else | is handed out |
 *
 * A quorum queue counts more than was lost when its node crashes: what the first consumer held is given to the others, which are gone as well, and
 * counted for each of them. So its count alone makes no message exhausted; in the queue of suspects there are no consumers to be counted for. A suspect
 * that was held by a copy comes back to the queue itself, with the count that its holder wrote into the copy.
 *
 * A classic queue says no more than that a message was delivered before, and after a crash of its node says so of all that wait. So a suspect of one is moved to a
 * queue of its own when its turn comes ({@link SuspectSource}), and only what comes back to that one was lost alone.
 */
export class Sorter {
  readonly #options: SorterOptions;
  readonly #suspects: string;
  readonly #alone: string;

  constructor(options: SorterOptions) {
    this.#options = options;
    this.#suspects = suspectsQueueOf(options.queue);
    this.#alone = aloneQueueOf(options.queue);
  }

  /** @param source The queue it came from. */
  sort(raw: ConsumeMessage | GetMessage, source: string): Sorted {
    const { queue, isQuorum } = this.#options;
    const { message, marks, isPassedOn } = decodeMessage(raw, isQuorum);
    if (marks.restMs > 0) {
      return { message, marks: { ...marks, restMs: 0 }, next: "forward", to: queue, delayMs: marks.restMs };
    }
    const mayGoApart = source !== this.#suspects && source !== this.#alone && this.#mostLosses > 0;
    // What its holder wrote down is sure, and only who ran it alone can have written as many.
    if (marks.losses >= this.#options.maxDeliveries && (!mayGoApart || isPassedOn))
      return { message, marks, next: "exhausted" };
    if (mayGoApart && marks.losses >= this.#mostLosses) {
      const counted = { ...marks, losses: this.#mostLosses };
      return { message, marks: counted, next: "forward", to: this.#suspects, delayMs: 0 };
    }
    // A count that stands nowhere but in a flag would be lost with the next delivery.
    if (isPassedOn || (!isQuorum && raw.fields.redelivered))
      return { message, marks, next: "forward", to: source, delayMs: 0 };
    return { message, marks, next: "hand-out" };
  }

  /** With so many losses a message has one delivery left. */
  get #mostLosses(): number {
    return this.#options.maxDeliveries - 1;
  }
}
