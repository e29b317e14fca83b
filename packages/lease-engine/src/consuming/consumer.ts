import type { Clock, Log } from "@lovage/foundation";
import { checkWhole, ClosedError, errorText, GracePeriod, within } from "@lovage/foundation";
import { HandOut, type CloseOptions, type ConsumeOptions, type Consumer, type HandOutParts } from "@lovage/transport";

import type { Claimant } from "./claim-loop.ts";
import { ClaimLoop } from "./claim-loop.ts";
import type { DeliveryOwner } from "../delivery.ts";
import { LeaseDelivery } from "../delivery.ts";
import type { LeaseKeeper } from "../renewal/lease-keeper.ts";
import type { MessageCheck } from "../routing/message-check.ts";
import { OwnSettlements } from "./own-settlements.ts";
import type { Settler } from "./settler.ts";
import type { StoreLink } from "../store-link.ts";
import type { ClaimedMessage, LeaseStore, Settlement } from "../store.ts";
import type { GateMember, SuspectGate } from "./suspect-gate.ts";

/** What a {@link LeaseConsumer} works with. */
export interface ConsumerParts {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
  readonly check: MessageCheck;
  readonly gate: SuspectGate;
  readonly keeper: LeaseKeeper;
  readonly settler: Settler;
  /** Makes the queue exist again. */
  readonly redeclare: () => Promise<void>;
  /** The consumer is closed and holds nothing any more. */
  readonly onDetached: (consumer: LeaseConsumer) => void;
}

/** How long giving back may outlast the grace: most of the second that the contract allows a connection. */
const closingMs = 700;
const defaultMaxDeliveries = 3;

/** One running consumption: holds what is unsettled, never more than its prefetch. */
export class LeaseConsumer implements Consumer, Claimant, DeliveryOwner, GateMember {
  readonly queue: string;
  readonly maxDeliveries: number;
  readonly #parts: ConsumerParts;
  readonly #loop: ClaimLoop;
  readonly #held: LeaseDelivery[] = [];
  readonly #own: OwnSettlements;
  readonly #handOut: HandOut<LeaseDelivery>;
  readonly #emptied = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #grace: GracePeriod;
  #prefetch: number;
  /** The latest one: a closing consumer gives back what it brings. */
  #suspectClaim: Promise<boolean> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws OPTION_INVALID */
  constructor(options: ConsumeOptions, parts: ConsumerParts) {
    const { queue, prefetch, maxDeliveries = defaultMaxDeliveries } = options;
    checkWhole("prefetch", prefetch, 1);
    checkWhole("maxDeliveries", maxDeliveries, 1);
    this.queue = queue;
    this.maxDeliveries = maxDeliveries;
    this.#prefetch = prefetch;
    this.#parts = parts;
    this.#grace = new GracePeriod(parts.clock);
    this.#loop = new ClaimLoop(this, parts);
    const { log } = parts;
    this.#own = new OwnSettlements({ queue, log });
    const watch: HandOutParts<LeaseDelivery>["watch"] = (...settlement) => this.#own.watch(...settlement);
    this.#handOut = new HandOut({ ...options, maxDeliveries, heldBy: "its lease", log, watch });
  }

  get prefetch(): number {
    return this.#prefetch;
  }

  get unsettled(): number {
    return this.#held.length;
  }

  /** What is unsettled, for renewal. In no order. */
  get held(): readonly LeaseDelivery[] {
    return this.#held;
  }

  get store(): LeaseStore {
    return this.#parts.store;
  }

  get check(): MessageCheck {
    return this.#parts.check;
  }

  get isTaking(): boolean {
    return this.#closing === undefined && this.#prefetch > 0;
  }

  get isClaiming(): boolean {
    return this.#loop.isClaiming;
  }

  get isSleeping(): boolean {
    return this.#loop.isSleeping;
  }

  setPrefetch(prefetch: number): void {
    checkWhole("prefetch", prefetch, 0);
    const grows = prefetch > this.#prefetch;
    this.#prefetch = prefetch;
    if (grows && !this.#loop.isSleeping) this.#loop.resume();
    // A claim that waits would bring more than there is room for.
    else if (!grows) this.#loop.interrupt();
  }

  recheck(): Promise<void> | undefined {
    return this.#parts.keeper.recheck(this);
  }

  close({ graceMs = 0 }: CloseOptions = {}): Promise<void> {
    this.#grace.limit(graceMs);
    this.#closing ??= this.#close();
    return this.#closing;
  }

  mayClaim(): boolean {
    return this.isTaking && this.#parts.gate.isOpen;
  }

  onSuspects(): void {
    this.#parts.gate.note(this.queue);
  }

  onClaimed(): void {
    this.#parts.gate.check();
  }

  async onQueueMissing(): Promise<void> {
    try {
      await this.#parts.redeclare();
    } catch (error) {
      this.#parts.log.warn(`Queue "${this.queue}" is gone and cannot be declared again.`, {
        error: errorText(error),
      });
    }
  }

  accept(messages: readonly ClaimedMessage[], confirmedAtMs: number): void {
    this.#take(messages, confirmedAtMs, !this.#parts.gate.isAlone);
  }

  claimSuspect(isWanted: () => boolean): Promise<boolean> {
    return (this.#suspectClaim = this.#claimSuspect(isWanted));
  }

  settle(delivery: LeaseDelivery, settlement: Settlement): Promise<void> {
    return this.#parts.settler.settle(delivery, settlement);
  }

  remove(delivery: LeaseDelivery): void {
    const { place } = delivery;
    if (place < 0) return;
    const last = this.#held.pop();
    if (last !== undefined && last !== delivery) {
      this.#held[place] = last;
      last.place = place;
    }
    delivery.place = -1;
    this.#parts.keeper.remove(delivery);
    if (this.#held.length > 0) return;
    if (this.#closing !== undefined) this.#emptied.resolve();
    this.#parts.gate.check();
  }

  refill(): void {
    this.#loop.refill();
  }

  expectRoom(count: number, answer: Promise<unknown>): void {
    this.#loop.expectRoom(count, answer);
  }

  resume(): void {
    this.#loop.resume();
  }

  interrupt(): void {
    this.#loop.interrupt();
  }

  wake(): void {
    this.#loop.wake();
  }

  restart(): void {
    this.#suspectClaim = undefined;
    this.#loop.restart();
  }

  #take(messages: readonly ClaimedMessage[], confirmedAtMs: number, isWanted: boolean): void {
    const { clock, leaseMs, log } = this.#parts;
    const ageMs = clock.monotonic() - confirmedAtMs;
    // The answer lay unread while the event loop was blocked, or came that late: others may be at work on these.
    const isTooLate = ageMs >= leaseMs;
    if (isTooLate && messages.length > 0) {
      const text = `An answer of queue "${this.queue}" was read after its leases had ended; its messages are given back.`;
      log.warn(text, { code: "claim-too-late", ageMs: Math.round(ageMs), messages: messages.length });
    }
    for (const message of messages) {
      const delivery = new LeaseDelivery(this, message, confirmedAtMs);
      // The prefetch was lowered, or the consumer closed, while the store was asked.
      const hasRoom = this.#closing === undefined && this.#held.length < this.#prefetch;
      if (isWanted && hasRoom && !isTooLate) this.#hold(delivery);
      else this.#own.watch(delivery, delivery.release());
    }
  }

  async #claimSuspect(isWanted: () => boolean): Promise<boolean> {
    const { store, link, clock, leaseMs, log } = this.#parts;
    const confirmedAtMs = clock.monotonic();
    try {
      const signal = store.facts.claimsWait === true ? { signal: this.#stopping.signal } : {};
      const request = { queue: this.queue, max: 1, leaseMs, suspects: true, ...signal };
      const { messages, leasedAtMs } = await store.claim(request);
      this.#take(messages, leasedAtMs ?? confirmedAtMs, isWanted());
      return messages.length > 0;
    } catch (error) {
      link.report(error, this.#loop);
      log.debug(`Claiming a suspect from queue "${this.queue}" failed.`, { error: errorText(error) });
      return false;
    }
  }

  #hold(delivery: LeaseDelivery): void {
    delivery.place = this.#held.length;
    this.#held.push(delivery);
    this.#parts.keeper.add(delivery);
    this.#handOut.give(delivery);
  }

  async #close(): Promise<void> {
    const { store, clock, log, gate, onDetached } = this.#parts;
    this.#stopping.abort();
    const stopped = Promise.all([this.#loop.stop(), this.#suspectClaim]);
    const isReturned = stopped.then(() => this.#own.over());
    if (this.#held.length === 0) this.#emptied.resolve();
    // What a claim still brings, and what is on its way back, would be left with a lease that nobody ends.
    void Promise.all([this.#emptied.promise, isReturned, store.claimsOver?.(this.queue)]).then(() => this.#grace.end());
    await this.#grace.over;
    const { length } = this.#held;
    if (length > 0) log.info(`${length} unsettled messages of queue "${this.queue}" are given back.`);
    this.#giveAllBack();
    const returned = stopped.then(() => this.#own.over());
    await within(clock, closingMs, Promise.all([returned, this.#emptied.promise]));
    onDetached(this);
    gate.check();
  }

  #giveAllBack(): void {
    const cause = new ClosedError(`The consumer of queue "${this.queue}" was closed before the delivery was settled.`);
    for (const delivery of this.#held.toReversed()) {
      if (!delivery.isOpen) continue;
      const { lease } = delivery;
      delivery.lose(cause);
      this.#own.watch(delivery, this.settle(delivery, { kind: "release", lease, delayMs: 0 }));
    }
  }
}
