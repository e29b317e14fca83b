import type { Claim, ClaimedMessage, ClaimRequest, Lease } from "@lovage/lease-engine";
import type { MessageState, QueueDeclaration } from "@lovage/transport";

import { Delayed } from "./delayed.ts";
import { Fifo } from "./fifo.ts";
import { Flows } from "./flows.ts";
import type { StoredMessage } from "./stored-message.ts";

const highestPriority = 9;

/**
 * One queue. A message is in one place at a time:
 *
 * | place | comes from | goes to |
 * |---|---|---|
 * | ready, by priority and key | publish, release, a lost lease, its due time | leased |
 * | suspects | the same, once lost too often | leased |
 * | delayed | publish or release with a delay | ready, suspects |
 * | leased | a claim | away, ready, suspects, delayed |
 */
export class MemoryQueue {
  declaration: QueueDeclaration;
  readonly #ready: (Flows | undefined)[] = [];
  readonly #suspects = new Fifo<StoredMessage>();
  readonly #delayed = new Delayed();
  readonly #leased = new Map<number, StoredMessage>();
  #readyCount = 0;

  constructor(declaration: QueueDeclaration) {
    this.declaration = declaration;
  }

  /** Takes in a message that is to be ready at an instant. */
  add(stored: StoredMessage, atMs: number, nowMs: number): void {
    stored.atMs = Math.max(atMs, nowMs);
    if (atMs > nowMs) this.#delayed.add(stored);
    else if (stored.isSuspect) this.#suspects.insert(stored);
    else {
      (this.#ready[stored.priority] ??= new Flows()).add(stored);
      this.#readyCount += 1;
    }
  }

  /** Makes ready what is due. */
  promote(nowMs: number): void {
    for (let stored = this.#delayed.takeDue(nowMs); stored !== undefined; stored = this.#delayed.takeDue(nowMs)) {
      this.add(stored, nowMs, nowMs);
    }
  }

  get suspectsWait(): boolean {
    return this.#suspects.length > 0;
  }

  claim({ max, leaseMs, suspects }: ClaimRequest, nowMs: number, nextFence: () => number): Claim {
    this.promote(nowMs);
    const messages: ClaimedMessage[] = [];
    while (messages.length < max) {
      const stored = suspects ? this.#suspects.shift() : this.#takeReady();
      if (stored === undefined) break;
      stored.fence = nextFence();
      stored.atMs = nowMs + leaseMs;
      this.#leased.set(stored.seq, stored);
      const { message, losses, redelivered } = stored;
      messages.push({ lease: { id: stored.seq, fence: stored.fence }, message, losses, redelivered });
    }
    const { suspectsWait } = this;
    const { nextAtMs } = this.#delayed;
    if (messages.length > 0 || nextAtMs === undefined) return { messages, suspectsWait };
    return { messages, suspectsWait, nextDueInMs: nextAtMs - nowMs };
  }

  /** Whether the lease is still the one that counts, and then prolongs it. */
  extend(lease: Lease, untilMs: number): boolean {
    const stored = this.#leasedBy(lease);
    if (stored !== undefined) stored.atMs = untilMs;
    return stored !== undefined;
  }

  /** Takes a message out of its lease; `undefined` when the lease is lost. */
  settle(lease: Lease): StoredMessage | undefined {
    const stored = this.#leasedBy(lease);
    if (stored !== undefined) this.#leased.delete(lease.id);
    return stored;
  }

  /** Takes back what its consumer has lost, at most so many. */
  recover(nowMs: number, suspectAfter: number, max: number): number {
    let recovered = 0;
    for (const stored of this.#leased.values()) {
      if (recovered === max) break;
      if (stored.atMs > nowMs) continue;
      this.#leased.delete(stored.seq);
      stored.losses += 1;
      stored.redelivered = true;
      stored.isSuspect = stored.losses >= suspectAfter;
      this.add(stored, nowMs, nowMs);
      recovered += 1;
    }
    return recovered;
  }

  /** Messages in one place, in order of delivery as far as keys allow to tell. */
  list(state: MessageState): readonly StoredMessage[] {
    if (state === "delayed") return this.#delayed.list();
    if (state === "unsettled") return [...this.#leased.values()].toSorted((a, b) => a.seq - b.seq);
    return [...this.#ready.toReversed().flatMap((flows) => flows?.list() ?? []), ...this.#suspects.toArray()];
  }

  count(state: MessageState): number {
    if (state === "delayed") return this.#delayed.length;
    if (state === "unsettled") return this.#leased.size;
    return this.#readyCount + this.#suspects.length;
  }

  /** Takes out waiting messages. */
  remove(messages: readonly StoredMessage[]): void {
    const gone = new Set(messages);
    const isGone = (stored: StoredMessage): boolean => gone.has(stored);
    this.#readyCount = 0;
    for (const flows of this.#ready) {
      flows?.removeWhere(isGone);
      this.#readyCount += flows?.list().length ?? 0;
    }
    this.#suspects.removeWhere(isGone);
    this.#delayed.removeWhere(isGone);
  }

  #takeReady(): StoredMessage | undefined {
    if (this.#readyCount === 0) return undefined;
    for (let priority = highestPriority; priority >= 0; priority -= 1) {
      const stored = this.#ready[priority]?.take();
      if (stored === undefined) continue;
      this.#readyCount -= 1;
      return stored;
    }
    return undefined;
  }

  #leasedBy({ id, fence }: Lease): StoredMessage | undefined {
    const stored = this.#leased.get(id);
    return stored?.fence === fence ? stored : undefined;
  }
}
