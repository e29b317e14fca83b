import type { Held } from "../leases/lease-table.ts";
import { UnderWay, within } from "@lovage/foundation";

import { giveBack } from "../leases/give-back.ts";
import { HiddenKeeper, keepHidden, type Keeping } from "../leases/keep-hidden.ts";

interface Parked {
  readonly held: Held;
  readonly sinceMs: number;
}

/** How long a worker may make room for a suspect before another has a go: at first, and at most after it went back again and again. Tasks of that length may have to end first. */
const parking = { firstMs: 60_000, maxMs: 1_800_000 } as const;
/** More are not kept: before each of them runs all others go back, and SQS lets only so many messages of a queue be hidden. */
const mostParked = 10;
/** Soon, but not so soon that it comes round in circles while the other one runs. */
const returnMs = 1_000;
/** What is too much for now. */
const laterMs = 60_000;
const defaultSuspectAfter = 2;

/**
 * Suspects that were received and wait for this worker to be empty. SQS cannot be asked for them apart, so they are kept hidden here for a
 * while. Before one of them runs the others go back, so that it can do them no harm.
 */
export class Suspects {
  readonly #options: Keeping;
  readonly #keeper: HiddenKeeper;
  readonly #returns = new UnderWay();
  #parked: Parked[] = [];
  #suspectAfter = defaultSuspectAfter;
  /** Grows while suspects go back untried: one must still be here when the worker is empty at last. */
  #parkMs: number = parking.firstMs;

  constructor(options: Keeping) {
    this.#options = options;
    this.#keeper = new HiddenKeeper(options);
  }

  get wait(): boolean {
    return this.#parked.length > 0;
  }

  /** How many losses make a suspect. */
  setLimit(suspectAfter: number): void {
    this.#suspectAfter = suspectAfter;
  }

  /** Keeps the suspects among what was received, but for very many; gives the others. */
  sortOut(received: readonly Held[]): readonly Held[] {
    const sinceMs = this.#options.context.clock.monotonic();
    const [suspects, others] = [[], []] as [Held[], Held[]];
    for (const held of received) (held.arrival.losses >= this.#suspectAfter ? suspects : others).push(held);
    for (const held of suspects) this.#parked.push({ held, sinceMs });
    const tooMany = this.#parked.splice(mostParked);
    if (tooMany.length === 0) return others;
    this.#returns.add(this.#giveBack(tooMany, laterMs));
    return others;
  }

  /** One of them, for a worker that is empty now. */
  async take(): Promise<Held | undefined> {
    this.#dropEnded();
    const next = this.#parked.shift()?.held;
    if (next === undefined) return undefined;
    this.#parkMs = parking.firstMs;
    const others = this.#parked.splice(0);
    if (others.length > 0) {
      const { context, leaseMs } = this.#options;
      // Where that is slow it is not to cost this one its lease: it would count as lost, and be poison unrun.
      await within(
        context.clock,
        leaseMs / 3,
        Promise.all([this.#giveBack(others), keepHidden(this.#options, [next])]),
      );
    }
    return next;
  }

  /** Keeps them hidden, but not for ever. Never rejects. */
  async sweep(): Promise<void> {
    const { context } = this.#options;
    this.#dropEnded();
    if (this.#parked.length === 0) return;
    const nowMs = context.clock.monotonic();
    const [old, young] = [[], []] as [Parked[], Parked[]];
    for (const each of this.#parked) (nowMs - each.sinceMs >= this.#parkMs ? old : young).push(each);
    this.#parked = young;
    if (old.length > 0) this.#parkMs = Math.min(2 * this.#parkMs, parking.maxMs);
    await Promise.all([this.#giveBack(old), this.#keeper.keep(young.map(({ held }) => held))]);
  }

  /** Gives all of them back. */
  async close(): Promise<void> {
    await Promise.all([this.#returns.overSoFar(), this.#giveBack(this.#parked.splice(0))]);
  }

  #dropEnded(): void {
    const { table, clock } = this.#options.context;
    const nowMs = clock.monotonic();
    this.#parked = this.#parked.filter(({ held }) => table.find(held.lease, nowMs) !== undefined);
  }

  async #giveBack(parked: readonly Parked[], delayMs = returnMs): Promise<void> {
    const { context, queue } = this.#options;
    for (const { held } of parked) context.table.remove(held);
    const returns = parked.map(({ held }) => ({ arrival: held.arrival, delayMs, wasDelivered: false }));
    await giveBack(context, queue, returns);
  }
}
