import type { Capabilities } from "@lovage/transport";
import { KeyLines } from "./key-lines.ts";
import type { Reference, ReferenceState } from "./reference.ts";

/** What is told of a delivery. */
export interface Observation {
  readonly id: string;
  readonly consumer: number;
  readonly atMs: number;
  readonly count: number;
  readonly redelivered: boolean;
  readonly fence: number;
}

/** What the reference holds a broker to. */
export interface Promises extends Pick<Capabilities, "countsLosses" | "order"> {
  readonly toleranceMs: number;
}

/** How a message is published. */
export interface Publication {
  readonly dueAtMs: number;
  readonly key: string;
  readonly isDelayed: boolean;
}

/** How often a message may be lost. */
export const maxDeliveries = 3;

/** A queue that knows the promises and nothing of how they are kept. */
export class ReferenceQueue {
  readonly references: Map<string, Reference> = new Map();
  readonly #countsLosses: boolean;
  readonly #toleranceMs: number;
  readonly #lines: KeyLines;
  /** Until when each claim may go on that nobody will hear of. */
  readonly #strayClaims: number[] = [];

  constructor({ countsLosses, toleranceMs, order }: Promises) {
    this.#countsLosses = countsLosses;
    this.#toleranceMs = toleranceMs;
    this.#lines = new KeyLines(order === "key");
  }

  /** @param key Of the message; "" for none */
  publish(id: string, { dueAtMs, key, isDelayed }: Publication): void {
    const born = { losses: 0, strayLosses: 0, redelivered: false, fence: -1, holder: undefined };
    const reference: Reference = { ...born, ...this.#lines.enter(key, isDelayed), id, state: "waiting", dueAtMs };
    this.references.set(id, reference);
    this.#expose(reference);
  }

  /** A consumer died that may have been claiming: until then the broker may give a message to that claim, and count it as lost, although nobody saw it. */
  strayClaim(untilMs: number): void {
    this.#strayClaims.push(untilMs);
    for (const reference of this.in("waiting")) if (reference.dueAtMs <= untilMs) this.#endanger(reference);
  }

  /** Whether it has to wait for another of its key, whatever its own time. */
  mustWait(reference: Reference, nowMs: number): boolean {
    return this.#lines.isHeldUp(reference, this.references.values(), nowMs);
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
    // Whether what was taken away had come back before, and which claims were counted, is known only now.
    const isKnown = reference?.state === "waiting" && reference.strayLosses === 0;
    if (reference !== undefined && !isKnown) reference.losses = seen.count - 1;
    if (reference !== undefined) this.#lines.advance(reference, this.references.values());
    const held = { state: "held", holder: seen.consumer, fence: seen.fence, redelivered: true, strayLosses: 0 };
    Object.assign(reference ?? {}, held);
    return undefined;
  }

  /** Its holder gives it back. */
  release(reference: Reference, dueAtMs: number): void {
    Object.assign(reference, { state: "waiting", holder: undefined, dueAtMs });
    this.#expose(reference);
  }

  /** Its holder died. */
  lose(reference: Reference): void {
    // One who cannot count may bury it later, but not sooner.
    const isDoomed = this.#countsLosses && reference.losses + 1 >= maxDeliveries;
    Object.assign(reference, { state: isDoomed ? "doomed" : "lost", holder: undefined, redelivered: true });
  }

  /** Its lease has ended for certain. */
  recover(reference: Reference, atMs: number): void {
    Object.assign(reference, { state: "waiting", losses: reference.losses + 1, dueAtMs: atMs });
    this.#expose(reference);
  }

  /** It goes back from the dead letters, as a message that was never delivered. */
  replay(reference: Reference, atMs: number): void {
    Object.assign(reference, { state: "waiting", dueAtMs: atMs });
    Object.assign(reference, { losses: 0, strayLosses: 0, redelivered: undefined, fence: -1 });
    Object.assign(reference, this.#lines.enter(reference.key ?? "", false));
    this.#expose(reference);
  }

  /** One loss more would be the last: it is delivered alone. */
  isSuspect({ losses, state }: Reference): boolean {
    return this.#countsLosses && losses + (state === "lost" ? 1 : 0) >= maxDeliveries - 1;
  }

  /** As {@link isSuspect}, and true too where only the broker knows. */
  mayBeSuspect(reference: Reference): boolean {
    const { state, redelivered, losses, strayLosses } = reference;
    if (state === "doomed" || (state === "unsure" && redelivered !== false)) return true;
    return losses + strayLosses >= maxDeliveries - 1 || this.isSuspect(reference);
  }

  /** Whether claims that nobody saw answered, or losses that the broker counts as it can, may have made it poison. */
  mayBeDoomed({ losses, strayLosses, state }: Reference): boolean {
    if (!this.#countsLosses && state === "lost") return losses + 1 + strayLosses >= maxDeliveries;
    const isUnknown = strayLosses > 0 || !this.#countsLosses;
    return state === "waiting" && isUnknown && losses + strayLosses >= maxDeliveries;
  }

  /** To the stray claims that may still go on when its time comes. */
  #expose(reference: Reference): void {
    for (const untilMs of this.#strayClaims) if (reference.dueAtMs <= untilMs) this.#endanger(reference);
  }

  #endanger(reference: Reference): void {
    reference.strayLosses += 1;
    // Once it may have been claimed, only the broker knows whether it was.
    if (reference.redelivered === false) reference.redelivered = undefined;
  }

  #problemOf(reference: Reference, seen: Observation): string | undefined {
    const { state, dueAtMs, fence, holder } = reference;
    if (state === "held") return `consumer ${holder} holds it`;
    if (state === "gone" || state === "dead" || state === "doomed") return `it is ${state}`;
    if (seen.atMs < dueAtMs - this.#toleranceMs) return `it is not due for ${dueAtMs - seen.atMs} ms`;
    if (seen.count > maxDeliveries) return `it was lost ${seen.count - 1} times`;
    const line = this.#lines.problemOf(reference, this.references.values());
    if (line !== undefined) return line;
    if (seen.fence <= fence) return `its fence ${seen.fence} is not above ${fence}`;
    return state === "unsure" ? undefined : this.#markProblemOf(reference, seen);
  }

  #markProblemOf({ state, redelivered, losses, strayLosses }: Reference, seen: Observation): string | undefined {
    // One who cannot count losses cannot tell either whether what it handed out was seen.
    const isMarkWrong = redelivered !== undefined && seen.redelivered !== redelivered;
    if (isMarkWrong && (redelivered || this.#countsLosses)) return `redelivered is ${seen.redelivered}`;
    const count = losses + (state === "lost" ? 2 : 1);
    const isCountWrong = this.#countsLosses && (seen.count < count || seen.count > count + strayLosses);
    return isCountWrong ? `its count is ${seen.count} instead of ${count} to ${count + strayLosses}` : undefined;
  }
}
