import type { Clock } from "@lovage/foundation";
import { abortable, asError, formatDuration, OptionError } from "@lovage/foundation";
import type { OutgoingMessage, PublishOptions } from "@lovage/transport";
import { PublishTimeoutError, TransactionUnsupportedError } from "@lovage/transport";

import type { MessageCheck } from "../routing/message-check.ts";
import { PublishCall } from "./publish-call.ts";
import { PublishJoiner } from "./publish-joiner.ts";
import type { PublishLine } from "./publish-line.ts";
import { PublishLines } from "./publish-lines.ts";
import type { StoreLink } from "../store-link.ts";
import type { LeaseStore, RoutedMessage } from "../store.ts";

/** What a {@link Publisher} works with. */
export interface PublisherOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly check: MessageCheck;
}

const defaultTimeoutMs = 30_000;

/** `Connection.publish`: checks a batch, finds its queues, and hands it to the joiner or to the caller's transaction. */
export class Publisher {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #check: MessageCheck;
  readonly #line: PublishLine;

  constructor(options: PublisherOptions) {
    const { store, clock, check } = options;
    this.#store = store;
    this.#clock = clock;
    this.#check = check;
    this.#line = store.facts.publishesApart === true ? new PublishLines(options) : new PublishJoiner(options);
  }

  /** @throws synchronously what is refused before any I/O */
  publish(batch: readonly OutgoingMessage[], options: PublishOptions = {}): Promise<void> {
    const { transaction, timeoutMs = defaultTimeoutMs } = options;
    if (!(timeoutMs > 0))
      throw new OptionError(`timeoutMs must be more than 0, got ${String(timeoutMs)}.`, { field: "timeoutMs" });
    if (transaction !== undefined) this.#requireTransactions();
    const needsRouting = this.#check.needsRouting(batch);
    if (batch.length === 0) return Promise.resolve();
    if (transaction !== undefined) return this.#publishIn(transaction, batch, timeoutMs);
    const call = new PublishCall(this.#clock.monotonic() + timeoutMs);
    if (needsRouting) void this.#route(call, batch);
    else call.route(batch.slice() as RoutedMessage[]);
    this.#line.add(call);
    return call.promise;
  }

  close(graceMs: number): Promise<void> {
    return this.#line.close(graceMs);
  }

  #requireTransactions(): void {
    if (this.#store.facts.capabilities.transactions !== null) return;
    throw new TransactionUnsupportedError(
      "This transport cannot publish in a transaction of the caller's; publish without `transaction`.",
    );
  }

  async #route(call: PublishCall, batch: readonly OutgoingMessage[]): Promise<void> {
    try {
      const { messages, origins } = await this.#check.route(batch);
      call.route(messages, origins);
    } catch (error) {
      call.fail(asError(error));
    }
    this.#line.pump();
  }

  /** Bypasses the joiner: another's messages must not share the fate of the caller's transaction. */
  async #publishIn(transaction: unknown, batch: readonly OutgoingMessage[], timeoutMs: number): Promise<void> {
    const reason = new PublishTimeoutError(
      `The broker did not answer within ${formatDuration(timeoutMs)}; roll the transaction back.`,
    );
    const deadline = this.#clock.deadline(timeoutMs, { reason });
    try {
      const { messages } = await this.#check.route(batch);
      await abortable(this.#store.publish(messages, transaction), deadline.signal);
    } finally {
      deadline.cancel();
    }
  }
}
