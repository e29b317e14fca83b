import type { Clock, Log, Timer } from "@lovage/foundation";
import { errorText, within } from "@lovage/foundation";

import type { LeaseDelivery } from "../delivery.ts";
import { fatesOf } from "./fates-of.ts";
import type { RenewalThread } from "./renewal-thread.ts";
import type { LeaseSettings } from "../settings.ts";
import type { StoreLink } from "../store-link.ts";
import type { LeaseStore } from "../store.ts";

/** Whose leases are kept. */
export interface LeaseHolder {
  readonly queue: string;
  readonly held: readonly LeaseDelivery[];
}

/** What a {@link LeaseKeeper} works with. */
export interface LeaseKeeperOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: LeaseSettings;
  readonly holders: () => readonly LeaseHolder[];
  /** Ends settlements whose lease had ended at an instant of the clock's monotonic time. */
  readonly expireSettlements: (endedByMs: number) => void;
  /** Renews leases while the event loop is blocked; absent where the loop does it alone. */
  readonly thread: RenewalThread | undefined;
}

/** A thread renews first; the loop takes over for leases that it has left alone for so many intervals. */
const intervalsLeftToThread = 1.5;
/** How long work that may be another's by now waits for the store's word. */
const recheckMs = 5_000;
/** For how long a process that is late again and again asks for leases that have ended, before it gives them up. */
const sparedMs = 1_000;
/** After how long is asked again for what the store left alone: it may have been the thread's own renewal that was in the way. */
const askAgainMs = 50;

/**
 * Keeps the leases of everything unsettled. It looks at them several times within an interval of renewal and at least once a second: so that one
 * that could not be confirmed until its end, because the broker is away or this process stood still, is given up within a second of it.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #tickMs: number;
  /** Each gives whether the store left some alone. */
  readonly #renewing = new Map<LeaseHolder, Promise<boolean>>();
  #timer: Timer | undefined;
  #tickDueAtMs = 0;
  /** The first of the late ticks that came one after the other; `undefined` after one in time. */
  #wokeAtMs: number | undefined;
  #isClosed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#tickMs = Math.min(1_000, Math.max(5, options.settings.renewEveryMs / 4));
  }

  /** Takes care of a delivery from now on. */
  add(delivery: LeaseDelivery): void {
    const { thread } = this.#options;
    thread?.add(delivery);
    if (this.#timer !== undefined) return;
    // While nothing is held nobody beats: without this, one that now blocks the event loop would be taken for dead since the last quiet time began.
    thread?.beat();
    this.#arm();
  }

  remove(delivery: LeaseDelivery): void {
    this.#options.thread?.remove(delivery);
  }

  /** When a lease was confirmed last, by the loop or by the thread. */
  confirmedAtMs(delivery: LeaseDelivery): number {
    const { thread } = this.#options;
    return thread === undefined
      ? delivery.confirmedAtMs
      : Math.max(delivery.confirmedAtMs, thread.confirmedAtMs(delivery));
  }

  /** Asks for all leases at once, to learn which were lost while the store was away. */
  async renewAll(): Promise<void> {
    // A renewal that was under way on the lost connection may never end.
    this.#renewing.clear();
    await Promise.all(this.#options.holders().map((holder) => this.#renew(holder, -Infinity)));
  }

  /** Asks for leases whose end has passed, since nobody may have taken them yet, and gives up what cannot be confirmed. `undefined` when there are none. */
  recheck(holder: LeaseHolder): Promise<void> | undefined {
    return this.#ended(holder).length === 0 ? undefined : this.#confirm(holder);
  }

  /** Asks for all leases whose end has passed, also of what is being settled. Does not wait for long: the ticks give up what stays without an answer. */
  async renewEnded(): Promise<void> {
    const { clock, holders, settings } = this.#options;
    const ended = holders().filter(({ held }) => held.some((delivery) => this.#hasEnded(delivery)));
    if (ended.length === 0) return;
    await within(clock, sparedMs, Promise.all(ended.map((holder) => this.#renew(holder, settings.leaseMs))));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    this.#tickDueAtMs = clock.monotonic() + this.#tickMs;
    this.#timer = clock.timer(this.#tickMs, () => this.#tick());
  }

  #tick(): void {
    const { holders, expireSettlements, thread } = this.#options;
    this.#timer = undefined;
    const endedByMs = this.#endedByMs();
    thread?.beat();
    let isHolding = false;
    for (const holder of holders()) {
      if (holder.held.length === 0) continue;
      isHolding = true;
      this.#look(holder, endedByMs);
    }
    expireSettlements(endedByMs);
    if (isHolding) this.#arm();
  }

  /** Whether this process could do nothing for a while, with the broker in reach. */
  #stoodStill(): boolean {
    const { clock, link, log, settings } = this.#options;
    const lateMs = clock.monotonic() - this.#tickDueAtMs;
    if (lateMs >= settings.renewEveryMs) {
      log.warn("The event loop was blocked, or this process stood still.", {
        code: "event-loop-blocked",
        blockedMs: Math.round(lateMs),
      });
    }
    return lateMs >= this.#tickMs && link.state === "open";
  }

  /**
   * Leases that had ended at this instant are given up. Those that ended while this process stood still are asked for before: nobody may have taken them yet. Only once,
   * or for a second: a process that is late at every tick would hold them forever otherwise.
   */
  #endedByMs(): number {
    const nowMs = this.#options.clock.monotonic();
    if (!this.#stoodStill()) {
      this.#wokeAtMs = undefined;
      return nowMs;
    }
    this.#wokeAtMs ??= nowMs;
    const lastTickAtMs = this.#tickDueAtMs - this.#tickMs;
    return nowMs - this.#wokeAtMs < sparedMs ? -Infinity : Math.min(lastTickAtMs, nowMs - sparedMs);
  }

  #look(holder: LeaseHolder, endedByMs: number): void {
    const { clock, link, settings, thread } = this.#options;
    const nowMs = clock.monotonic();
    const renewAfterMs = settings.renewEveryMs * (thread?.isRunning === true ? intervalsLeftToThread : 1);
    let isDue = false;
    // Backwards, since giving up a lease moves the last one to its place.
    for (let index = holder.held.length - 1; index >= 0; index -= 1) {
      const delivery = holder.held[index];
      if (delivery === undefined) continue;
      const confirmedAtMs = this.confirmedAtMs(delivery);
      if (confirmedAtMs + settings.leaseMs <= endedByMs) this.#expire(delivery);
      else if (nowMs - confirmedAtMs + this.#tickMs > renewAfterMs) isDue = true;
    }
    // What is half as old goes along, so that leases come to be renewed together.
    if (isDue && link.state === "open") void this.#renew(holder, renewAfterMs / 2);
  }

  #ended({ held }: LeaseHolder): readonly LeaseDelivery[] {
    return held.filter((delivery) => delivery.isOpen && this.#hasEnded(delivery));
  }

  #hasEnded(delivery: LeaseDelivery): boolean {
    const { clock, settings } = this.#options;
    return this.confirmedAtMs(delivery) + settings.leaseMs <= clock.monotonic();
  }

  async #confirm(holder: LeaseHolder): Promise<void> {
    const { clock, settings } = this.#options;
    const untilMs = clock.monotonic() + recheckMs;
    for (let isLeft = true; isLeft && this.#ended(holder).length > 0;) {
      isLeft = false;
      const renewed = this.#renew(holder, settings.leaseMs).then((someLeft) => (isLeft = someLeft));
      await within(clock, untilMs - clock.monotonic(), renewed);
      if (isLeft) await clock.sleep(Math.min(askAgainMs, this.#tickMs / 4));
      if (this.#isClosed || clock.monotonic() >= untilMs) break;
    }
    for (const delivery of this.#ended(holder)) this.#expire(delivery);
  }

  #expire(delivery: LeaseDelivery): void {
    // The settler ends what is being settled, so that whoever waits for it is told too.
    if (delivery.isOpen) delivery.lose();
  }

  #renew(holder: LeaseHolder, minAgeMs: number): Promise<boolean> {
    const underWay = this.#renewing.get(holder);
    if (underWay !== undefined) return underWay;
    const renewal = this.#renewDue(holder, minAgeMs).finally(() => {
      if (this.#renewing.get(holder) === renewal) this.#renewing.delete(holder);
    });
    this.#renewing.set(holder, renewal);
    return renewal;
  }

  async #renewDue(holder: LeaseHolder, minAgeMs: number): Promise<boolean> {
    const { clock, link, log, store } = this.#options;
    const nowMs = clock.monotonic();
    let isLeft = false;
    const due = holder.held.filter((delivery) => nowMs - this.confirmedAtMs(delivery) >= minAgeMs);
    try {
      for (let from = 0; from < due.length; from += store.facts.maxBatch) {
        const batch = due.slice(from, from + store.facts.maxBatch);
        if (await this.#extend(holder.queue, batch)) isLeft = true;
      }
    } catch (error) {
      // The next tick tries again; the leases themselves are the deadline.
      link.report(error, holder);
      log.debug(`Renewing leases of queue "${holder.queue}" failed.`, { error: errorText(error) });
    }
    return isLeft;
  }

  async #extend(queue: string, deliveries: readonly LeaseDelivery[]): Promise<boolean> {
    const { clock, settings, store } = this.#options;
    const askedAtMs = clock.monotonic();
    const leases = deliveries.map(({ lease }) => lease);
    const fateOf = fatesOf(await store.extend(queue, leases, settings.leaseMs));
    let isLeft = false;
    for (const delivery of deliveries) {
      const fate = fateOf(delivery.lease);
      if (fate === "left") isLeft = true;
      else if (fate === "renewed") delivery.confirmedAtMs = Math.max(delivery.confirmedAtMs, askedAtMs);
      // A lease that is gone because its settlement has just been recorded is not lost; the settlement's own answer tells.
      else if (fate === "lost" && delivery.isOpen) delivery.lose();
    }
    return isLeft;
  }
}
