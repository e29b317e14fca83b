import type { Clock } from "@lovage/foundation";
import { abortable, asError, backOff, formatDuration, OptionError, rest } from "@lovage/foundation";
import type { OutgoingMessage, PublishOptions } from "@lovage/transport";
import { PublishTimeoutError, TransactionUnsupportedError } from "@lovage/transport";

import { isTransient } from "../is-transient.ts";
import type { MessageCheck, RoutedBatch } from "../routing/message-check.ts";
import { PublishCall } from "./publish-call.ts";
import { PublishJoiner } from "./publish-joiner.ts";
import type { PublishLine } from "./publish-line.ts";
import { PublishLines } from "./publish-lines.ts";
import { publishWaits } from "./publish-waits.ts";
import { timedOutBefore } from "./unsent.ts";
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
  readonly #link: StoreLink;
  readonly #clock: Clock;
  readonly #check: MessageCheck;
  readonly #line: PublishLine;

  constructor(options: PublisherOptions) {
    const { store, link, clock, check } = options;
    this.#store = store;
    this.#link = link;
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
    const reason = timedOutBefore(this.#link.cause);
    const deadline = this.#clock.deadline(call.deadlineMs - this.#clock.monotonic(), { reason });
    try {
      const { messages, origins } = await this.#findQueues(call, batch, deadline.signal);
      call.lastError = undefined;
      call.route(messages, origins);
    } catch (error) {
      // What kept it says more than that its time is over.
      call.fail(deadline.signal.aborted && call.lastError !== undefined ? call.lastError : asError(error));
    } finally {
      deadline.cancel();
    }
    this.#line.pump(call);
  }

  /** Asks again for as long as the store only for now does not tell. */
  async #findQueues(call: PublishCall, batch: readonly OutgoingMessage[], deadline: AbortSignal): Promise<RoutedBatch> {
    const { closing } = this.#link;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await abortable(abortable(this.#check.route(batch), deadline), closing);
      } catch (error) {
        if (deadline.aborted || closing.aborted || !isTransient(error)) throw error;
        call.lastError = asError(error);
        this.#link.report(error, this);
        if (this.#link.state === "open") this.#putOff(call);
      }
      await abortable(this.#link.settled(), deadline);
      const leftMs = Math.max(0, call.deadlineMs - this.#clock.monotonic());
      await rest(this.#clock, Math.min(leftMs, backOff(publishWaits, attempt)), closing);
    }
  }

  #putOff(call: PublishCall): void {
    if (call.isPutOff) return;
    call.isPutOff = true;
    this.#line.pump(call);
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
