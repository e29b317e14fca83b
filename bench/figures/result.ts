import type { Store } from "../peers/store.ts";
import type { Figures } from "./figures.ts";

/** All runs of one case on one peer. */
export interface Result {
  readonly case: string;
  readonly peer: string;
  readonly store: Store;
  readonly isLimit: boolean;
  /** In the order of the runs. */
  readonly runs: readonly Figures[];
}
