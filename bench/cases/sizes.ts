import type { Store } from "../peers/store.ts";
import type { Bench } from "./bench-case.ts";

/** How many jobs a case takes: enough for the quickest peer to be at it for a second and more, or it is its start that is measured, before its code is compiled. */
export interface Sizes {
  readonly quick: number;
  readonly full: number;
  /** Where a store is much faster or slower than others. */
  readonly of?: Readonly<Partial<Record<Store, number>>>;
}

/** The number of jobs for this run. */
export function sizeFor({ peer, scale }: Bench, { quick, full, of = {} }: Sizes): number {
  const size = scale === "quick" ? quick : (of[peer.store] ?? full);
  return Math.max(1, Math.round(size * (peer.workShare ?? 1)));
}
