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
  state: ReferenceState;
  /** Not before this, by the monotonic clock. */
  dueAtMs: number;
  losses: number;
  /** `undefined`: the contract does not say. */
  redelivered: boolean | undefined;
  fence: number;
  /** Consumer that holds it. */
  holder: number | undefined;
}

/** What is told of a delivery. */
export interface Observation {
  readonly id: string;
  readonly consumer: number;
  readonly atMs: number;
  readonly count: number;
  readonly redelivered: boolean;
  readonly fence: number;
}

/** How often a message may be lost. */
export const maxDeliveries = 3;

/** A queue that knows the promises and nothing of how they are kept. */
export class ReferenceQueue {
  readonly references: Map<string, Reference> = new Map();
  readonly #countsLosses: boolean;
  readonly #toleranceMs: number;

  constructor({ countsLosses, toleranceMs }: { readonly countsLosses: boolean; readonly toleranceMs: number }) {
    this.#countsLosses = countsLosses;
    this.#toleranceMs = toleranceMs;
  }

  publish(id: string, dueAtMs: number): void {
    const born = { losses: 0, redelivered: false, fence: -1, holder: undefined };
    this.references.set(id, { ...born, id, state: "waiting", dueAtMs });
  }

  in(...states: readonly ReferenceState[]): Reference[] {
    return [...this.references.values()].filter(({ state }) => states.includes(state));
  }

  heldBy(consumer: number): Reference[] {
    return this.in("held").filter(({ holder }) => holder === consumer);
  }

  /** Notes a delivery. @returns what is wrong with it, `undefined` when nothing is. */
  deliver(seen: Observation): string | undefined {
    const reference = this.references.get(seen.id);
    const problem = reference === undefined ? "it was never published" : this.#problemOf(reference, seen);
    if (problem !== undefined) return `${seen.id} came to consumer ${seen.consumer}, but ${problem}`;
    // Whether what was taken away had come back before is known only now.
    if (reference !== undefined && reference.state !== "waiting") reference.losses = seen.count - 1;
    Object.assign(reference ?? {}, { state: "held", holder: seen.consumer, fence: seen.fence, redelivered: true });
    return undefined;
  }

  /** Its holder gives it back. */
  release(reference: Reference, dueAtMs: number): void {
    Object.assign(reference, { state: "waiting", holder: undefined, dueAtMs });
  }

  /** Its holder died. */
  lose(reference: Reference): void {
    const isDoomed = reference.losses + 1 >= maxDeliveries;
    Object.assign(reference, { state: isDoomed ? "doomed" : "lost", holder: undefined, redelivered: true });
  }

  /** Its lease has ended for certain. */
  recover(reference: Reference, atMs: number): void {
    Object.assign(reference, { state: "waiting", losses: reference.losses + 1, dueAtMs: atMs });
  }

  /** It goes back from the dead letters, as a message that was never delivered. */
  replay(reference: Reference, atMs: number): void {
    Object.assign(reference, { state: "waiting", losses: 0, redelivered: undefined, fence: -1, dueAtMs: atMs });
  }

  /** One loss more would be the last: it is delivered alone. */
  isSuspect({ losses, state }: Reference): boolean {
    return losses + (state === "lost" ? 1 : 0) >= maxDeliveries - 1;
  }

  /** As {@link isSuspect}, and true too where only the broker knows. */
  mayBeSuspect(reference: Reference): boolean {
    const { state, redelivered } = reference;
    return state === "doomed" || (state === "unsure" && redelivered !== false) || this.isSuspect(reference);
  }

  #problemOf(reference: Reference, seen: Observation): string | undefined {
    const { state, dueAtMs, fence, holder } = reference;
    if (state === "held") return `consumer ${holder} holds it`;
    if (state === "gone" || state === "dead" || state === "doomed") return `it is ${state}`;
    if (seen.atMs < dueAtMs - this.#toleranceMs) return `it is not due for ${dueAtMs - seen.atMs} ms`;
    if (seen.count > maxDeliveries) return `it was lost ${seen.count - 1} times`;
    if (seen.fence <= fence) return `its fence ${seen.fence} is not above ${fence}`;
    return state === "unsure" ? undefined : this.#markProblemOf(reference, seen);
  }

  #markProblemOf({ state, redelivered, losses }: Reference, seen: Observation): string | undefined {
    if (redelivered !== undefined && seen.redelivered !== redelivered) return `redelivered is ${seen.redelivered}`;
    const count = losses + (state === "lost" ? 2 : 1);
    const isCountWrong = this.#countsLosses && seen.count !== count;
    return isCountWrong ? `its count is ${seen.count} instead of ${count}` : undefined;
  }
}
