import { onceOnly } from "./once-only.ts";
import type { Peer, PeerProgram } from "../peer.ts";
import type { Store } from "../store.ts";

const defaultsCase = "drain-defaults";
const tunedOnly = (caseName: string): boolean => caseName !== defaultsCase;

/** Asked only of peers that are measured as they come. */
export const defaultsOnly = (caseName: string): boolean => caseName === defaultsCase;

/** Asked these cases. */
export function only(...names: readonly string[]): (caseName: string) => boolean {
  return (caseName) => names.includes(caseName);
}

/** Asked all cases of tuned peers but those whose names begin so. */
export function allBut(...names: readonly string[]): (caseName: string) => boolean {
  return (caseName) => tunedOnly(caseName) && !names.some((name) => caseName.startsWith(name));
}

/** What is said of a peer; the rest is what most have alike. */
export type PeerCard = Omit<Peer, "workers" | "isLimit" | "load" | "isAsked"> &
  Partial<Pick<Peer, "workers" | "isLimit" | "isAsked">>;

/** A peer whose program is loaded when it is needed. */
export function peer(card: PeerCard, load: () => Promise<PeerProgram>): Peer {
  return { workers: "processes", isLimit: false, isAsked: tunedOnly, ...card, load: onceOnly(load) };
}

/** The store itself. */
export function raw(card: Omit<PeerCard, "isLimit">, load: () => Promise<PeerProgram>): Peer {
  return peer({ ...card, isLimit: true }, load);
}

/** Lovage on a store; asked all cases, always with its defaults. */
export function lovage(store: Store, card: Omit<PeerCard, "name" | "store" | "isLimit">): Peer {
  const load = async (): Promise<PeerProgram> => (await import("../lovage.ts")).lovage(store);
  return peer({ name: `lovage-${store}`, store, isAsked: () => true, ...card }, load);
}
