import type { Figures } from "../figures/figures.ts";
import type { Peer, PeerProducer, Store } from "../peers/peer.ts";

/** How much work a case does: enough for a figure, or just enough to see that it works. */
export type Scale = "full" | "quick";

/** What a case measures on. */
export interface Bench {
  readonly peer: Peer;
  readonly producer: PeerProducer;
  readonly folder: string;
  readonly scale: Scale;
}

/** One question, asked of every peer in the same way. */
export interface BenchCase {
  readonly name: string;
  /** What is measured, in a sentence. */
  readonly title: string;
  /** The figure that peers are compared by. */
  readonly headline: string;
  /** Stores on which the question makes sense. */
  readonly stores: readonly Store[];
  /** @throws Error when a job was lost, or took too long */
  run(bench: Bench): Promise<Figures>;
}
