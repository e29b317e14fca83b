import { asError, OptionError } from "@lovage/foundation";
import type {
  DeadLetterReason,
  Delivery,
  Message,
  OutgoingMessage,
  ReleaseOptions,
  Transact,
  TransactedWork,
} from "@lovage/transport";
import { DeliverySettledError, LeaseLostError } from "@lovage/transport";

import type { MessageCheck } from "./routing/message-check.ts";
import type { ClaimedMessage, Lease, LeaseStore, RoutedMessage, Settlement } from "./store.ts";

/** Whom a delivery belongs to. */
export interface DeliveryOwner {
  readonly queue: string;
  /** How many it holds, of which each may be settled in this turn of the event loop. */
  readonly unsettled: number;
  readonly check: MessageCheck;
  readonly store: Pick<LeaseStore, "transact">;
  /** Sends a settlement to the store; resolves once it is recorded. */
  settle(delivery: LeaseDelivery, settlement: Settlement): Promise<void>;
  /** The delivery is not unsettled any more. */
  remove(delivery: LeaseDelivery): void;
  /** Room was made: claim again if it is worth it. */
  refill(): void;
  /** The store was asked to settle so many; there is room for as many once it has answered. */
  expectRoom(count: number, answer: Promise<unknown>): void;
}

/**
 * One message under a lease. An object of plain fields without closures or controllers of its own, since a worker makes hundreds of thousands
 * of them a second; the token and the signal are made when they are asked for.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `held` | by delivery, or when the store refused a settlement that is not the last word | `ack`, `release`, `reject`, `transact`; the lease is lost |
 * | `working` | by `transact` | its work has ended; `ack`, `release`, `reject`: the work is undone at its end; the lease is lost |
 * | `settling` | by `ack`, `release`, `reject`, the end of the work of `transact` | the store answered; the lease is lost |
 * | `settled` | the store recorded the settlement | never |
 * | `lost` | the lease ended, the consumer gave the message back, or the store refused the last word for good | never |
 */
export class LeaseDelivery implements Delivery {
  readonly message: Message;
  readonly lease: Lease;
  readonly copyId: string | undefined;
  readonly count: number;
  readonly redelivered: boolean;
  /** When the lease was confirmed last, by the clock's monotonic time: the moment before the store was asked. */
  confirmedAtMs: number;
  /** Place in the owner's list, for removal without a search; -1 once removed. */
  place = -1;
  /** Place in the memory shared with the renewal thread; -1 for none. */
  slot = -1;
  state: "held" | "working" | "settling" | "settled" | "lost" = "held";
  readonly #owner: DeliveryOwner;
  #controller: AbortController | undefined;
  #lostBy: Error | undefined;

  constructor(owner: DeliveryOwner, claimed: ClaimedMessage, confirmedAtMs: number) {
    this.#owner = owner;
    this.message = claimed.message;
    this.lease = claimed.lease;
    this.copyId = claimed.copyId;
    this.count = claimed.losses + 1;
    this.redelivered = claimed.redelivered;
    this.confirmedAtMs = confirmedAtMs;
  }

  get owner(): DeliveryOwner {
    return this.#owner;
  }

  get queue(): string {
    return this.#owner.queue;
  }

  get token(): string {
    return `${this.queue}/${this.lease.id}/${this.lease.fence}`;
  }

  get fence(): number {
    return this.lease.fence;
  }

  /** A lease that is gone is lost. While it is being settled it may be gone because it was: the settlement's own answer tells. */
  get isOpen(): boolean {
    return this.state === "held" || this.state === "working";
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#lostBy !== undefined) this.#controller.abort(this.#lostBy);
    }
    return this.#controller.signal;
  }

  ack(followUps?: readonly OutgoingMessage[]): Promise<void> {
    const settlement = { kind: "ack", lease: this.lease } as const;
    return followUps === undefined || followUps.length === 0
      ? this.#settle(settlement)
      : this.#settleWith(settlement, followUps);
  }

  release({ delayMs = 0, isDouble = false }: ReleaseOptions = {}): Promise<void> {
    if (delayMs >= 0 && delayMs <= this.#owner.check.delayHorizonMs && delayMs < Infinity) {
      const double = isDouble && this.copyId !== undefined ? { isDouble } : {};
      return this.#settle({ kind: "release", lease: this.lease, delayMs, ...double });
    }
    const text = `delayMs of a release must be a finite number of milliseconds, at least 0 and within what the transport can delay; got ${String(delayMs)}.`;
    return Promise.reject(new OptionError(text, { field: "delayMs" }));
  }

  reject(reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = []): Promise<void> {
    if (typeof reason?.reason !== "string" || reason.reason === "") {
      return Promise.reject(
        new OptionError("A rejection needs a reason: { reason: a word, detail?: text }.", { field: "reason" }),
      );
    }
    const settlement = { kind: "reject", lease: this.lease, reason, message: this.message, count: this.count } as const;
    return followUps.length === 0 ? this.#settle(settlement) : this.#settleWith(settlement, followUps);
  }

  get transact(): Transact | undefined {
    return this.#owner.store.transact === undefined ? undefined : (work) => this.#transact(work);
  }

  /** The store recorded the settlement. */
  finish(): void {
    if (this.state !== "settling") return;
    this.state = "settled";
    this.#owner.remove(this);
  }

  /** The store refused the settlement, or the work failed: the message is still ours, for another. */
  reopen(): void {
    if (this.state === "settling" || this.state === "working") this.state = "held";
  }

  /** The message is not ours any more. Harmless when that is known. */
  lose(cause?: unknown): void {
    if (this.state === "settled" || this.state === "lost") return;
    this.state = "lost";
    this.#lostBy = this.lostError(cause);
    this.#owner.remove(this);
    this.#controller?.abort(this.#lostBy);
    this.#owner.refill();
  }

  /** The error for whoever still works on a lost delivery. */
  lostError(cause?: unknown): LeaseLostError {
    return new LeaseLostError({ queue: this.queue, messageId: this.message.properties.messageId, cause });
  }

  #settle(settlement: Settlement): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#refusal());
    this.state = "settling";
    return this.#owner.settle(this, settlement);
  }

  #settleWith(settlement: Settlement, followUps: readonly OutgoingMessage[]): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#refusal());
    try {
      if (this.#owner.check.needsRouting(followUps)) return this.#routeAndSettle(settlement, followUps);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    return this.#settle({ ...settlement, followUps: followUps.slice() as RoutedMessage[] });
  }

  async #routeAndSettle(settlement: Settlement, followUps: readonly OutgoingMessage[]): Promise<void> {
    this.state = "settling";
    try {
      const { messages } = await this.#owner.check.route(followUps);
      // Not through `#settle`, which would take this settlement for a second one.
      if (this.state !== "settling") throw this.#refusal();
      await this.#owner.settle(this, { ...settlement, followUps: messages });
    } catch (error) {
      this.reopen();
      throw error;
    }
  }

  async #transact<T>(work: (transaction: unknown) => Promise<TransactedWork<T>>): Promise<T> {
    if (this.state !== "held") throw this.#refusal();
    this.state = "working";
    let hasWorked = false;
    try {
      const done = await this.#owner.store.transact?.(this.queue, async (transaction) => {
        const { value, followUps = [] } = await work(transaction);
        if (this.state !== "working") throw this.#refusal();
        this.state = "settling";
        hasWorked = true;
        // Refuses what no store may see, as for `ack`.
        this.#owner.check.needsRouting(followUps);
        const { messages } = await this.#owner.check.route(followUps);
        return { value, settlement: { kind: "ack", lease: this.lease, followUps: messages } };
      });
      if (done === undefined || done === "lost") {
        this.lose();
        throw this.lostError();
      }
      this.finish();
      this.#owner.refill();
      return done.value;
    } catch (error) {
      // A settlement that was made while the work went on stands.
      if (hasWorked || this.state === "working") this.reopen();
      throw error;
    }
  }

  #refusal(): Error {
    return this.#lostBy ?? new DeliverySettledError(this.message.properties.messageId);
  }
}
