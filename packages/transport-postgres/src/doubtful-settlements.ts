import type { Settlement } from "@lovage/lease-engine";

import type { NotHeld } from "./settle.ts";

const most = 10_000;

/**
 * Settlements whose answer was lost with the connection. When one of them is asked for again and its lease is not held any more, the first time may have done it.
 * It has, if the message is gone, or was given back by a release and nobody has it: while a lease lasts, nobody else can do either, and the
 * engine asks again only while it lasts.
 */
export class DoubtfulSettlements {
  readonly #fences = new Map<number, number>();

  /** The answer to these was lost. */
  add(settlements: readonly Settlement[]): void {
    for (const { lease } of settlements) this.#fences.set(lease.id, lease.fence);
    for (const id of this.#fences.keys()) {
      if (this.#fences.size <= most) break;
      this.#fences.delete(id);
    }
  }

  /** The answer to these came: gives those that are truly lost. */
  sift(settlements: readonly Settlement[], notHeld: readonly NotHeld[]): readonly NotHeld[] {
    if (this.#fences.size === 0) return notHeld;
    const lost = notHeld.filter((each) => !this.#wasDone(each));
    for (const { lease } of settlements) this.#fences.delete(lease.id);
    return lost;
  }

  #wasDone({ settlement: { lease, kind }, fence }: NotHeld): boolean {
    if (this.#fences.get(lease.id) !== lease.fence) return false;
    return fence === undefined || (kind === "release" && fence > lease.fence);
  }
}
