import type { Clock } from "@lovage/foundation";
import { asError, backOff, hasCode, isLovageError, rest, within } from "@lovage/foundation";
import type { PublishError } from "@lovage/transport";

import type { DeliveryOwner, LeaseDelivery } from "../delivery.ts";
import { isRefusal, isTransient } from "../is-transient.ts";
import { Joiner } from "../joiner.ts";
import type { StoreLink } from "../store-link.ts";
import type { Lease, LeaseStore, Settlement } from "../store.ts";
import { PutOff, type Postponable } from "./put-off.ts";
import { firstTarget, otherTargets } from "./settlement-targets.ts";

/** What a {@link Settler} works with. */
export interface SettlerOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** When the lease of a delivery was confirmed last, wherever it is renewed. */
  readonly confirmedAtMs: (delivery: LeaseDelivery) => number;
}

interface Entry extends Postponable {
  readonly delivery: LeaseDelivery;
  readonly settlement: Settlement;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  isOver: boolean;
  /** The store put it off. */
  isRepeated: boolean;
}

const waits = { baseMs: 20, maxMs: 1_000, jitter: "equal" } as const;

/**
 * Settles the deliveries of one queue, joined and in order. With the store away a settlement is repeated for as long as its lease can still be
 * valid; then the delivery counts as lost. So it does when the store refuses what would end it in any case: `release`, and `reject` without follow-ups.
 *
 * What sends messages to other queues may be put off for these alone. Where it is not settled apart in any case, it waits beside the line then, and the others go on.
 */
export class Settler {
  readonly #queue: string;
  readonly #options: SettlerOptions;
  readonly #joiner: Joiner<Entry>;
  /** Of what goes out to other queues with them, by the first of these: one that takes its time keeps only those waiting that need it as well. */
  readonly #sending = new Map<string, Joiner<Entry>>();
  /** What the store works on before they get in line. */
  readonly #preparing = new Set<Entry>();
  readonly #putOff: PutOff<Entry>;

  constructor(queue: string, options: SettlerOptions) {
    this.#queue = queue;
    this.#options = options;
    this.#joiner = this.#newJoiner();
    this.#putOff = new PutOff(options.clock, (entry) => this.#joiner.add(entry));
  }

  get #joiners(): readonly Joiner<Entry>[] {
    return [this.#joiner, ...this.#sending.values()];
  }

  #newJoiner(): Joiner<Entry> {
    const { store, clock } = this.#options;
    const { gathering, maxBatch } = store.facts;
    return new Joiner<Entry>({
      maxInFlight: 1,
      maxWeight: maxBatch,
      weigh: ({ settlement }) => 1 + ((settlement.kind !== "release" && settlement.followUps?.length) || 0),
      isReady: () => true,
      send: (entries) => this.#write(entries),
      ...(gathering === undefined
        ? { midTurnSize: ({ delivery }) => delivery.owner.unsettled / 2 }
        : { gathering: { ...gathering, clock } }),
    });
  }

  #joinerOf(settlement: Settlement): Joiner<Entry> {
    const first = this.#options.store.facts.settlesApart === true ? firstTarget(this.#queue, settlement) : undefined;
    if (first === undefined) return this.#joiner;
    const known = this.#sending.get(first) ?? this.#newJoiner();
    this.#sending.set(first, known);
    return known;
  }

  /** Something is settled again and again, since the store puts it off. */
  get isRepeating(): boolean {
    let isRepeating = false;
    const look = ({ isRepeated, isOver }: Entry): void => void (isRepeating ||= isRepeated && !isOver);
    this.#putOff.forEach(look);
    for (const joiner of this.#joiners) joiner.forEach(look);
    return isRepeating;
  }

  /** Resolves once the store has recorded it. @throws LEASE_LOST, and what the store refuses it by: the delivery is unsettled then, or let go */
  settle(delivery: LeaseDelivery, settlement: Settlement): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { delivery, settlement, resolve, reject, isOver: false, isRepeated: false, timesPutOff: 0 };
      const preparing = this.#options.store.prepareSettlement?.(this.#queue, settlement);
      if (preparing === undefined) this.#joinerOf(settlement).add(entry);
      else void this.#prepare(entry, preparing);
    });
  }

  async #prepare(entry: Entry, preparing: Promise<Settlement>): Promise<void> {
    this.#preparing.add(entry);
    try {
      const settlement = await preparing.finally(() => this.#preparing.delete(entry));
      if (!entry.isOver) this.#joinerOf(settlement).add({ ...entry, settlement });
    } catch (error) {
      refuse(entry, asError(error));
    }
  }

  /** Ends settlements whose lease had ended at this instant by our clock, even while the store is silent. */
  expire(endedByMs: number): void {
    this.#endIf((entry) => this.#endsAtMs(entry) <= endedByMs);
  }

  /** Ends all settlements: the store cannot be asked any more. */
  close(): void {
    this.#endIf(() => true);
  }

  #endIf(condition: (entry: Entry) => boolean): void {
    const endIf = (entry: Entry): void => {
      if (!entry.isOver && condition(entry)) lose(entry);
    };
    this.#preparing.forEach(endIf);
    this.#putOff.forEach(endIf);
    this.#putOff.forget((entry) => entry.isOver);
    for (const joiner of this.#joiners) {
      joiner.forEach(endIf);
      joiner.forget((entry) => entry.isOver);
    }
  }

  #endsAtMs({ delivery }: Entry): number {
    return this.#options.confirmedAtMs(delivery) + this.#options.leaseMs;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { link, clock } = this.#options;
    let open = entries;
    for (let attempt = 0; open.length > 0 && link.state !== "closed"; attempt += 1) {
      if (link.state === "reconnecting") {
        await within(clock, this.#longestMs(open), link.settled());
        open = this.#stillValid(open);
        continue;
      }
      const error = await this.#attempt(open, attempt === 0);
      if (error === undefined) return;
      if (hasCode(error, "TRANSPORT_BUSY")) open = await this.#divide(this.#stillValid(open));
      if (open.length === 0) return;
      // Only `close` ends the sleep early; the loop sees that.
      await rest(clock, backOff(waits, attempt), link.closing);
      open = this.#stillValid(open);
    }
    // The link is closed, and what came after `close` has nobody else to tell it.
    for (const entry of open) if (!entry.isOver) lose(entry);
  }

  /** Settles them in one call. Gives why they are to be repeated; nothing once each has met its fate. */
  async #attempt(entries: readonly Entry[], isFirst = false): Promise<Error | undefined> {
    const { store, link } = this.#options;
    try {
      const answer = store.settle(
        this.#queue,
        entries.map(({ settlement }) => settlement),
      );
      if (isFirst) tellOwners(entries, answer);
      finish(entries, await answer);
    } catch (error) {
      if (hasCode(error, "PUBLISH_FAILED")) await this.#refusedSome(entries, error as PublishError);
      else if (!isTransient(error) && !isUncertain(error)) await this.#refused(entries, asError(error));
      else {
        link.report(error, this);
        for (const entry of entries) entry.isRepeated = true;
        return asError(error);
      }
    }
    return undefined;
  }

  /**
   * Settles what was put off in parts, by the queues that something goes to; only those parts wait that are put off by themselves. Gives what is to be repeated
   * before anything else of the queue.
   */
  async #divide(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const { store, link } = this.#options;
    const parts = Map.groupBy(entries, ({ settlement }) => otherTargets(this.#queue, settlement));
    const own = parts.get("") ?? [];
    if (store.facts.settlesApart === true || own.length === entries.length) return entries;
    // Also with none of its own: only where the queue itself is not put off may another call come before these are repeated.
    if (link.state !== "open" || (await this.#attempt(own)) !== undefined) return entries;
    parts.delete("");
    const sending = [...parts.values()];
    for (const [place, part] of sending.entries()) {
      if (link.state !== "open") return sending.slice(place).flat();
      // A part that is all there was has just been put off.
      const error = part.length < entries.length ? await this.#attempt(part) : undefined;
      if (error !== undefined && !hasCode(error, "TRANSPORT_BUSY")) return sending.slice(place).flat();
      this.#putOff.add(part.filter(({ isOver }) => !isOver));
    }
    return [];
  }

  /** For how long any of them can still be settled. */
  #longestMs(entries: readonly Entry[]): number {
    const nowMs = this.#options.clock.monotonic();
    return entries.reduce((longestMs, entry) => Math.max(longestMs, this.#endsAtMs(entry) - nowMs), 0);
  }

  #stillValid(entries: readonly Entry[]): readonly Entry[] {
    this.expire(this.#options.clock.monotonic());
    return entries.filter((entry) => !entry.isOver);
  }

  async #refused(entries: readonly Entry[], error: Error): Promise<void> {
    if (entries.length > 1 && isRefusal(error)) {
      const middle = entries.length >> 1;
      await this.#write(entries.slice(0, middle));
      return await this.#write(entries.slice(middle));
    }
    for (const entry of entries) refuse(entry, error);
  }

  /** Some of those that go with it could not be published; all that has nothing to do with them was settled. */
  async #refusedSome(entries: readonly Entry[], { failures }: PublishError): Promise<void> {
    const reasons = new Map(failures.map(({ index, error }) => [index, error]));
    for (const [index, error] of reasons) {
      const entry = entries[index];
      if (entry !== undefined) refuse(entry, error);
    }
    const others = entries.filter((_, index) => !reasons.has(index));
    if (others.length > 0) await this.#write(others);
  }
}

function refuse(entry: Entry, error: Error): void {
  if (entry.isOver) return;
  entry.isOver = true;
  const isForNow = isLovageError(error) && error.retryable;
  if (isForNow || !isLastWord(entry.settlement)) entry.delivery.reopen();
  else entry.delivery.lose(error);
  entry.reject(error);
}

/** Whoever cannot acknowledge may reject, and without what the store refused. After that nothing is left to try, and a lease that nobody ends must not be kept. */
function isLastWord(settlement: Settlement): boolean {
  return settlement.kind === "release" || (settlement.kind === "reject" && settlement.followUps === undefined);
}

/** The answer to a settlement may be lost; asking again is safe, since the lease tells a second time from a first. */
function isUncertain(error: unknown): boolean {
  return hasCode(error, ["PUBLISH_UNCERTAIN", "STORAGE_FULL"]);
}

/**
 * The room that the settlements will make may be claimed in the same breath, unless they were put off before: what is claimed for room that does not come is given back. What is
 * released is to be first in the queue before the next claim looks.
 */
function tellOwners(entries: readonly Entry[], answer: Promise<unknown>): void {
  const counts = new Map<DeliveryOwner, number>();
  for (const { delivery, settlement, isRepeated } of entries) {
    if (settlement.kind === "release") return;
    if (isRepeated) continue;
    counts.set(delivery.owner, (counts.get(delivery.owner) ?? 0) + 1);
  }
  for (const [owner, count] of counts) owner.expectRoom(count, answer);
}

function lose(entry: Entry): void {
  entry.isOver = true;
  entry.delivery.lose();
  entry.reject(entry.delivery.lostError());
}

function finish(entries: readonly Entry[], lost: readonly Lease[] | null): void {
  const lostFences = lost === null ? undefined : new Map(lost.map(({ id, fence }) => [id, fence]));
  for (const entry of entries) {
    if (entry.isOver) continue;
    if (lostFences !== undefined && lostFences.get(entry.delivery.lease.id) === entry.delivery.lease.fence) lose(entry);
    else {
      entry.isOver = true;
      entry.delivery.finish();
      entry.resolve();
    }
  }
  let told: unknown;
  for (const { delivery } of entries) {
    // After the whole batch, so that one claim refills all its room.
    if (delivery.owner !== told) delivery.owner.refill();
    told = delivery.owner;
  }
}
