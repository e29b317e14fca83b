import type { Posting } from "@lovage/client-amqp";
import type { Timer } from "@lovage/foundation";
import type { OutgoingMessage, PublishFailure } from "@lovage/transport";
import { failureOfPublish } from "@lovage/transport";

/** One call of `publish` on its way: what of it is open, and what failed. Settles its promise once. */
export class PublishCall {
  readonly batch: readonly OutgoingMessage[];
  readonly promise: Promise<void>;
  postings: readonly Posting[] = [];
  timer: Timer | undefined;
  readonly #onAccepted: ((message: OutgoingMessage) => void) | undefined;
  readonly #failures: PublishFailure[] = [];
  #open: number;
  #isSettled = false;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  /** @param onAccepted Told of each message that the broker has accepted, whatever becomes of the others. */
  constructor(batch: readonly OutgoingMessage[], onAccepted?: (message: OutgoingMessage) => void) {
    this.batch = batch;
    this.#onAccepted = onAccepted;
    this.#open = batch.length;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the broker may have any of it. */
  get wasSent(): boolean {
    return (
      this.#open < this.batch.length || this.postings.some(({ state }) => state === "sent" || state === "returned")
    );
  }

  /** One message has met its fate. */
  settle(index: number, error: Error | null): void {
    const message = this.batch[index];
    if (error !== null) this.#failures.push({ index, messageId: message?.properties.messageId ?? "", error });
    else if (message !== undefined) this.#onAccepted?.(message);
    this.#open -= 1;
    if (this.#open === 0) this.#finish();
  }

  /** Ends the call as a whole. */
  fail(error: Error): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.timer?.cancel();
    this.#reject(error);
  }

  #finish(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.timer?.cancel();
    if (this.#failures.length === 0) return this.#resolve();
    this.#reject(failureOfPublish(this.#failures, this.batch.length));
  }
}

/** Why a call is given up whose messages could have gone out. */
export function timeoutText({ wasSent }: PublishCall, time: string, isBlocked: boolean): string {
  if (wasSent) return `The broker did not confirm within ${time}; what was published may have been accepted.`;
  const why = isBlocked
    ? "it takes no messages, since an alarm for memory or disk is on"
    : "it takes too few at a time";
  return `The broker did not take the messages within ${time}: ${why}. Nothing was sent.`;
}
