import type { Reference } from "./reference.ts";

/** The lines of a broker that gives the messages of one key one after the other, in their order. Elsewhere there are none, and everything is allowed. */
export class KeyLines {
  readonly #areKept: boolean;
  #places = 0;

  constructor(areKept: boolean) {
    this.#areKept = areKept;
  }

  /** What is delayed gets its place when it is due. */
  enter(key: string, isDelayed: boolean): Pick<Reference, "key" | "place"> {
    this.#places += 1;
    return { key: this.#areKept && key !== "" ? key : undefined, place: isDelayed ? undefined : this.#places };
  }

  /** It was delivered: whatever its place was, nobody is before it any more. */
  advance(reference: Reference, all: Iterable<Reference>): void {
    const places = others(reference, all).map(({ place = Infinity }) => place);
    reference.place ??= Math.min(this.#places, ...places) - 1;
  }

  /** Whether one of the same key is with somebody, or may be, or is to come first and has its own time. */
  isHeldUp(reference: Reference, all: Iterable<Reference>, nowMs: number): boolean {
    return others(reference, all).some((other) => {
      if (other.state === "waiting") return other.dueAtMs > nowMs && isBefore(other, reference);
      return other.state !== "gone" && other.state !== "dead";
    });
  }

  /** What is wrong with its delivery at this moment. */
  problemOf(reference: Reference, all: Iterable<Reference>): string | undefined {
    const overtaken = others(reference, all).find((other) => {
      if (other.state === "held") return true;
      return (other.state === "waiting" || other.state === "lost") && isBefore(other, reference);
    });
    return overtaken === undefined
      ? undefined
      : `${overtaken.id} of the same key comes before it, and is ${overtaken.state}`;
  }
}

function others(reference: Reference, all: Iterable<Reference>): Reference[] {
  if (reference.key === undefined) return [];
  return [...all].filter((other) => other !== reference && other.key === reference.key);
}

function isBefore({ place }: Reference, other: Reference): boolean {
  return place !== undefined && other.place !== undefined && place < other.place;
}
