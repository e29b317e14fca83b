/**
 * Where a message is, as far as the promises tell.
 *
 * | state | it may be delivered | it ends |
 * |---|---|---|
 * | waiting | once its time has come, and then it must be | delivered, purged |
 * | held | no | settled, released, or its holder dies |
 * | lost | yes, and counts one loss more | delivered |
 * | doomed | no: it was lost too often | dead |
 * | dead | no | replayed, dropped |
 * | unsure | yes or never: it was taken away while it may have been on its way | delivered |
 * | gone | no | – |
 */
export type ReferenceState = "waiting" | "held" | "lost" | "doomed" | "dead" | "unsure" | "gone";

/** One message, as the promises see it. */
export interface Reference {
  readonly id: string;
  /** Whose messages come one after the other; `undefined` where there is no such line. */
  readonly key: string | undefined;
  /** Its place in the line of its key. `undefined`: it is delayed and takes one when it is due, at a moment that only the broker knows. */
  place: number | undefined;
  state: ReferenceState;
  /** Not before this, by the monotonic clock. */
  dueAtMs: number;
  losses: number;
  /** At most so many losses more, of claims that were under way when their consumer died: nobody saw them answered. */
  strayLosses: number;
  /** `undefined`: the contract does not say. */
  redelivered: boolean | undefined;
  fence: number;
  /** Consumer that holds it. */
  holder: number | undefined;
}
