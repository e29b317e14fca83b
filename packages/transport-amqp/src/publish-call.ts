import type { Posting } from "@lovage/client-amqp";
import type { Timer } from "@lovage/foundation";
import type { OutgoingMessage, PublishFailure } from "@lovage/transport";
import { PublishError } from "@lovage/transport";

/** One call of `publish` on its way: what of it is open, and what failed. Settles its promise once. */
export class PublishCall {
  readonly batch: readonly OutgoingMessage[];
  readonly promise: Promise<void>;
  postings: readonly Posting[] = [];
  timer: Timer | undefined;
  readonly #failures: PublishFailure[] = [];
  #open: number;
  #isSettled = false;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(batch: readonly OutgoingMessage[]) {
    this.batch = batch;
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
    if (error !== null) {
      this.#failures.push({ index, messageId: this.batch[index]?.properties.messageId ?? "", error });
    }
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
    const first = this.#failures[0];
    if (first === undefined) return this.#resolve();
    const isOneReason =
      this.#failures.length === this.batch.length &&
      this.#failures.every(({ error }) => codeOf(error) === codeOf(first.error));
    if (isOneReason) return this.#reject(first.error);
    const failures = this.#failures.toSorted((a, b) => a.index - b.index);
    this.#reject(new PublishError(failures, this.batch.length));
  }
}

function codeOf(error: Error): unknown {
  return "code" in error ? error.code : error;
}

/** Why a call is given up whose messages could have gone out. */
export function timeoutText({ wasSent }: PublishCall, time: string, isBlocked: boolean): string {
  if (wasSent) return `The broker did not confirm within ${time}; what was published may have been accepted.`;
  const why = isBlocked
    ? "it takes no messages, since an alarm for memory or disk is on"
    : "it takes too few at a time";
  return `The broker did not take the messages within ${time}: ${why}. Nothing was sent.`;
}
