import type { PutOutcome, ResultPut } from "@lovage/backend";

/** What became of a record; `unwanted`: it was not written, because the one who gave it has lost the right to. */
export type WriteOutcome = PutOutcome | "unwanted";

/** A record that waits to be written. */
export interface WaitingRecord {
  readonly put: ResultPut;
  /** Whether its writer may still write. */
  readonly isWanted: () => boolean;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}
