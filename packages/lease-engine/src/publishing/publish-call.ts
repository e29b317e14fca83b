import { failureOfPublish } from "@lovage/transport";
import type { PublishFailure } from "@lovage/transport";

import { weigh } from "./batch-weight.ts";
import type { RoutedMessage } from "../store.ts";

/**
 * One call of `publish` on its way: what it carries and what became of it. Settles its promise once.
 */
export class PublishCall {
  /** By the clock's monotonic time. */
  readonly deadlineMs: number;
  readonly promise: Promise<void>;
  /** Why the last attempt to send it failed, as long as that may still mend itself. */
  lastError: Error | undefined;
  /** Why the attempt before the one that is under way failed. */
  earlierError: Error | undefined;
  /** Where it goes is not told for now: where queues are published to apart, those behind it go on, and it comes when it can. */
  isPutOff = false;
  #messages: readonly RoutedMessage[] | undefined;
  /** For each routed message its place in the caller's batch; absent while both are the same. */
  #origins: readonly number[] | undefined;
  #weight = 0;
  #open = 0;
  #failures: Map<number, PublishFailure> | undefined;
  #isSettled = false;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Absent until the queues behind exchanges are known. */
  get messages(): readonly RoutedMessage[] | undefined {
    return this.#messages;
  }

  /** Of all its messages; 0 until they are known. */
  get weight(): number {
    return this.#weight;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Some of its messages have met their fate already. */
  get isPartlyAccepted(): boolean {
    return this.#open < (this.#messages?.length ?? 0);
  }

  /** Says what goes to the store. */
  route(messages: readonly RoutedMessage[], origins?: readonly number[]): void {
    this.#messages = messages;
    this.#origins = origins;
    this.#open = messages.length;
    for (const message of messages) this.#weight += weigh(message);
  }

  /** It goes out, perhaps once more: from now on it may be written. */
  attempt(): void {
    this.earlierError = this.lastError ?? this.earlierError;
    this.lastError = undefined;
  }

  /** So many of its messages were accepted. */
  accept(count: number): void {
    this.#open -= count;
    if (this.#open === 0) this.#finish();
  }

  /** The messages from `from` on, so many, were not accepted. */
  refuse(from: number, count: number, error: Error): void {
    this.#failures ??= new Map();
    for (let at = from; at < from + count; at += 1) {
      const index = this.#origins?.[at] ?? at;
      const messageId = this.#messages?.[at]?.properties.messageId ?? "";
      this.#failures.set(index, { index, messageId, error });
    }
    this.accept(count);
  }

  /** Ends the call as a whole. */
  fail(error: Error): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#reject(error);
  }

  #finish(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#failures === undefined) return this.#resolve();
    const batchSize = new Set(this.#origins ?? this.#messages?.keys()).size;
    this.#reject(failureOfPublish([...this.#failures.values()], batchSize));
  }
}
