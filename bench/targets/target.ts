/** What a figure is held against. */
export type TargetBase =
  /** A number in the figure's own unit. */
  | "absolute"
  /** The same figure of another peer, run by run. */
  | { readonly peer: string }
  /** The same figure of the same peer in another case, run by run. */
  | { readonly case: string };

/** What Lovage wants to reach in a case. */
export interface Target {
  readonly case: string;
  /** The peer of Lovage. */
  readonly peer: string;
  /** Name of the figure. @default the case's headline */
  readonly figure?: string;
  readonly base: TargetBase;
  readonly bound: "atLeast" | "atMost";
  /** A ratio, or a figure where the base is absolute. */
  readonly value: number;
  /** No single run may be below this; only of those that are at least something. @default none */
  readonly everyRun?: number;
}

/** At least so many times what another peer reaches. */
export function beats(peer: string, value: number, other: string): Omit<Target, "case"> {
  return { peer, base: { peer: other }, bound: "atLeast", value };
}

/** At most so many times what another peer needs. */
export function within(peer: string, value: number, other: string): Omit<Target, "case"> {
  return { peer, base: { peer: other }, bound: "atMost", value };
}

/** At least a figure. */
export function atLeast(peer: string, value: number): Omit<Target, "case"> {
  return { peer, base: "absolute", bound: "atLeast", value };
}

/** At most a figure. */
export function atMost(peer: string, value: number, figure?: string): Omit<Target, "case"> {
  return { peer, base: "absolute", bound: "atMost", value, ...(figure === undefined ? {} : { figure }) };
}
