import { fatesOf } from "./fates-of.ts";
import type { LeaseSlots, SlotLease } from "./lease-slots.ts";
import type { Renewer } from "../store.ts";

/** What {@link RenewalRounds} works with. */
export interface RenewalRoundsOptions {
  readonly slots: LeaseSlots;
  readonly renewer: Renewer;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly maxBatch: number;
  /** The event loop's clock. */
  readonly nowMs: () => number;
  /** Tells the event loop which leases are lost: slot, generation, slot, generation … */
  readonly onLost: (slotsAndGenerations: readonly number[]) => void;
}

/** How long one stuck turn of the event loop is covered. A loop that hangs for longer is taken for dead, and its work given to others. */
const coveredMs = 600_000;

/** What the renewal thread does at each look: renews what has grown old enough, for as long as the event loop gives signs of life. */
export class RenewalRounds {
  /** Names by index. */
  readonly queues: string[];
  readonly #options: RenewalRoundsOptions;
  /** Queues whose renewal has no answer yet. */
  readonly #underWay = new Set<string>();
  #beats = -1;
  #beatAtMs = 0;

  constructor(queues: readonly string[], options: RenewalRoundsOptions) {
    this.queues = [...queues];
    this.#options = options;
  }

  /**
   * One look, at all queues side by side but those that have no answer from an earlier one: a queue whose part of the store is away keeps no other from being
   * renewed. Looks need not wait for each other. Errors of the store are left to the next look.
   */
  async run(): Promise<void> {
    if (!this.#isLoopAlive()) return;
    const { slots, renewEveryMs, nowMs } = this.#options;
    const atMs = nowMs();
    // What is half as old goes along, so that leases come to be renewed together.
    const old = slots.read().filter(({ confirmedAtMs }) => atMs - confirmedAtMs >= renewEveryMs / 2);
    const renewals: Promise<void>[] = [];
    for (const [index, leases] of Map.groupBy(old, ({ queueIndex }) => queueIndex)) {
      const queue = this.queues[index];
      const isDue = leases.some(({ confirmedAtMs }) => atMs - confirmedAtMs >= renewEveryMs * 0.75);
      if (queue !== undefined && isDue && !this.#underWay.has(queue)) renewals.push(this.#renew(queue, leases));
    }
    for (const renewed of await Promise.allSettled(renewals)) if (renewed.status === "rejected") throw renewed.reason;
  }

  #isLoopAlive(): boolean {
    const { slots, nowMs } = this.#options;
    const { beats } = slots;
    if (beats !== this.#beats) {
      this.#beats = beats;
      this.#beatAtMs = nowMs();
    }
    return nowMs() - this.#beatAtMs < coveredMs;
  }

  async #renew(queue: string, leases: readonly SlotLease[]): Promise<void> {
    const { maxBatch } = this.#options;
    this.#underWay.add(queue);
    try {
      for (let from = 0; from < leases.length; from += maxBatch)
        await this.#extend(queue, leases.slice(from, from + maxBatch));
    } finally {
      this.#underWay.delete(queue);
    }
  }

  async #extend(queue: string, leases: readonly SlotLease[]): Promise<void> {
    const { slots, renewer, leaseMs, nowMs, onLost } = this.#options;
    const askedAtMs = nowMs();
    const plain = leases.map(({ id, fence }) => ({ id, fence }));
    const fateOf = fatesOf(await renewer.extend(queue, plain, leaseMs));
    const gone: number[] = [];
    for (const lease of leases) {
      const fate = fateOf(lease);
      if (fate === "lost") gone.push(lease.slot, lease.generation);
      else if (fate === "renewed") slots.confirm(lease, askedAtMs);
    }
    if (gone.length > 0) onLost(gone);
  }
}
