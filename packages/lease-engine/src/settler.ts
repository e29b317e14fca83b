import type { Clock } from "@lovage/foundation";
import { backOff, hasCode, rest } from "@lovage/foundation";

import { asError } from "./as-error.ts";
import type { DeliveryOwner, LeaseDelivery } from "./delivery.ts";
import { isRefusal, isTransient } from "./is-transient.ts";
import { Joiner } from "./joiner.ts";
import type { StoreLink } from "./store-link.ts";
import type { Lease, LeaseStore, Settlement } from "./store.ts";

/** What a {@link Settler} works with. */
export interface SettlerOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** When the lease of a delivery was confirmed last, wherever it is renewed. */
  readonly confirmedAtMs: (delivery: LeaseDelivery) => number;
}

interface Entry {
  readonly delivery: LeaseDelivery;
  readonly settlement: Settlement;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  isOver: boolean;
}

const waits = { baseMs: 20, maxMs: 1_000, jitter: "equal" } as const;

/**
 * Settles the deliveries of one queue, joined and in order. With the store away a settlement is repeated for as long as its lease can still be
 * valid; then the delivery counts as lost.
 */
export class Settler {
  readonly #queue: string;
  readonly #options: SettlerOptions;
  readonly #joiner: Joiner<Entry>;

  constructor(queue: string, options: SettlerOptions) {
    this.#queue = queue;
    this.#options = options;
    const { gathering } = options.store.facts;
    this.#joiner = new Joiner<Entry>({
      maxInFlight: 1,
      maxWeight: options.store.facts.maxBatch,
      weigh: ({ settlement }) => 1 + ((settlement.kind !== "release" && settlement.followUps?.length) || 0),
      isReady: () => true,
      send: (entries) => this.#write(entries),
      ...(gathering === undefined
        ? { midTurnSize: ({ delivery }) => delivery.owner.unsettled / 2 }
        : { gathering: { ...gathering, clock: options.clock } }),
    });
  }

  /** Resolves once the store has recorded it. @throws LEASE_LOST, and what the store says to a bad follow-up */
  settle(delivery: LeaseDelivery, settlement: Settlement): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#joiner.add({ delivery, settlement, resolve, reject, isOver: false });
    });
  }

  /** Ends settlements whose lease has ended by our clock, even while the store is silent. */
  expire(): void {
    const nowMs = this.#options.clock.monotonic();
    this.#endIf((entry) => this.#endsAtMs(entry) <= nowMs);
  }

  /** Ends all settlements: the store cannot be asked any more. */
  close(): void {
    this.#endIf(() => true);
  }

  #endIf(condition: (entry: Entry) => boolean): void {
    this.#joiner.forEach((entry) => {
      if (!entry.isOver && condition(entry)) lose(entry);
    });
    this.#joiner.forget((entry) => entry.isOver);
  }

  #endsAtMs({ delivery }: Entry): number {
    return this.#options.confirmedAtMs(delivery) + this.#options.leaseMs;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { store, link, clock } = this.#options;
    let open = entries;
    for (let attempt = 0; open.length > 0 && link.state !== "closed"; attempt += 1) {
      if (link.state === "reconnecting") {
        await link.settled();
        open = this.#stillValid(open);
        continue;
      }
      try {
        const answer = store.settle(
          this.#queue,
          open.map(({ settlement }) => settlement),
        );
        if (attempt === 0) tellOwners(open, answer);
        finish(open, await answer);
        return;
      } catch (error) {
        if (!isTransient(error) && !isUncertain(error)) return await this.#refused(open, asError(error));
        link.report(error);
      }
      // Only `close` ends the sleep early; the loop sees that.
      await rest(clock, backOff(waits, attempt), link.closing);
      open = this.#stillValid(open);
    }
    // The link is closed, and what came after `close` has nobody else to tell it.
    for (const entry of open) if (!entry.isOver) lose(entry);
  }

  #stillValid(entries: readonly Entry[]): readonly Entry[] {
    this.expire();
    return entries.filter((entry) => !entry.isOver);
  }

  async #refused(entries: readonly Entry[], error: Error): Promise<void> {
    if (entries.length > 1 && isRefusal(error)) {
      const middle = entries.length >> 1;
      await this.#write(entries.slice(0, middle));
      return await this.#write(entries.slice(middle));
    }
    for (const entry of entries) {
      if (entry.isOver) continue;
      entry.isOver = true;
      entry.delivery.reopen();
      entry.reject(error);
    }
  }
}

/** The answer to a settlement may be lost; asking again is safe, since the lease tells a second time from a first. */
function isUncertain(error: unknown): boolean {
  return hasCode(error, ["PUBLISH_UNCERTAIN", "STORAGE_FULL"]);
}

/** The room that the settlements will make may be claimed in the same breath. What is released is to be first in the queue before the next claim looks. */
function tellOwners(entries: readonly Entry[], answer: Promise<unknown>): void {
  const counts = new Map<DeliveryOwner, number>();
  for (const { delivery, settlement } of entries) {
    if (settlement.kind === "release") return;
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
