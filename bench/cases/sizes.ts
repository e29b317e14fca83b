import type { Bench } from "./bench-case.ts";

/** How many jobs a case takes, by store. */
export interface Sizes {
  readonly memory: number;
  readonly sqlite: number;
  readonly quick: number;
}

/** The number of jobs for this run. */
export function sizeFor({ peer, scale }: Bench, sizes: Sizes): number {
  return scale === "quick" ? sizes.quick : sizes[peer.store];
}
