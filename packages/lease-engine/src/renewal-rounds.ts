import type { LeaseSlots, SlotLease } from "./lease-slots.ts";
import type { Lease, Renewer } from "./store.ts";

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
  #beats = -1;
  #beatAtMs = 0;

  constructor(queues: readonly string[], options: RenewalRoundsOptions) {
    this.queues = [...queues];
    this.#options = options;
  }

  /** One look, at all queues side by side: one whose part of the store is away keeps no other from being renewed. Errors of the store are left to the next look. */
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
      if (queue !== undefined && isDue) renewals.push(this.#renew(queue, leases));
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
    for (let from = 0; from < leases.length; from += maxBatch)
      await this.#extend(queue, leases.slice(from, from + maxBatch));
  }

  async #extend(queue: string, leases: readonly SlotLease[]): Promise<void> {
    const { slots, renewer, leaseMs, nowMs, onLost } = this.#options;
    const askedAtMs = nowMs();
    const plain = leases.map(({ id, fence }) => ({ id, fence }));
    const { lost, left = [] } = (await renewer.extend(queue, plain, leaseMs)) ?? { lost: [] };
    const [lostFences, leftFences] = [fencesOf(lost), fencesOf(left)];
    const gone: number[] = [];
    for (const lease of leases) {
      const { id, fence, slot, generation } = lease;
      if (lostFences.get(id) === fence) gone.push(slot, generation);
      else if (leftFences.get(id) !== fence) slots.confirm(lease, askedAtMs);
    }
    if (gone.length > 0) onLost(gone);
  }
}

function fencesOf(leases: readonly Lease[]): ReadonlyMap<number, number> {
  return new Map(leases.map(({ id, fence }) => [id, fence]));
}
